// The step between init and the command. A process of several threads cannot confine itself whole:
// no_new_privs, Landlock, capabilities and the filter bind a thread. So a child, which has one
// thread, does it, with nothing but calls that are safe there (signal-safety(7), vfork(2)).

#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn.h"

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOEXEC_RANGE 4 /* CLOSE_RANGE_CLOEXEC */

static uint64_t open_files;

__attribute__((constructor)) static void keep_open_files(void)
{
	struct rlimit l;
	open_files = getrlimit(RLIMIT_NOFILE, &l) == 0 ? l.rlim_cur : 0;
}

uint64_t spawn_open_files(void) { return open_files; }

enum step { SESSION, LIMITS, DESCRIPTORS, BOUNDING, SECUREBITS, PRIVILEGES, CAPABILITIES, LANDLOCK, FILTER, LISTENER, EXECUTE };

static void fail(struct spawn *s, enum step step)
{
	struct spawn_failure f = {step, errno};
	(void)!write(s->report, &f, sizeof f);
	_exit(125);
}

static void default_signals(void)
{
	struct sigaction sa;
	memset(&sa, 0, sizeof sa);
	for (int i = 1; i < 65; i++)
		sigaction(i, &sa, 0); /* KILL and STOP refuse */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, 0);
}

static void drop_capabilities(struct spawn *s)
{
	/* for uid 0 an execve(2) turns the bounding set into capabilities, no_new_privs or not */
	int has;
	for (int c = 0; (has = prctl(PR_CAPBSET_READ, c, 0, 0, 0)) >= 0; c++)
		if (has && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) && (s->privileged || geteuid() == 0))
			fail(s, BOUNDING);
	unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
			     SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) && s->privileged)
		fail(s, SECUREBITS);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail(s, PRIVILEGES);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		fail(s, CAPABILITIES);
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2];
	memset(none, 0, sizeof none);
	if (syscall(SYS_capset, &head, none)) /* effective, permitted, inheritable */
		fail(s, CAPABILITIES);
}

static void send_listener(struct spawn *s, int listener)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	memset(&control, 0, sizeof control);
	struct iovec word = {"L", 1};
	struct msghdr m;
	memset(&m, 0, sizeof m);
	m.msg_iov = &word;
	m.msg_iovlen = 1;
	m.msg_control = &control;
	m.msg_controllen = sizeof control.room;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof listener);
	memcpy(CMSG_DATA(c), &listener, sizeof listener);
	if (sendmsg(s->socket, &m, MSG_NOSIGNAL) < 0)
		fail(s, LISTENER);
	close(listener);
}

static void become(struct spawn *s)
{
	default_signals();
	if (s->own_session && setsid() < 0)
		fail(s, SESSION);
	for (int i = 0; i < s->limit_count; i++) {
		struct rlimit l = {s->limits[i].soft, s->limits[i].hard};
		if (setrlimit(s->limits[i].resource, &l))
			fail(s, LIMITS);
	}
	if (syscall(SYS_close_range, 3, ~0U, CLOEXEC_RANGE))
		fail(s, DESCRIPTORS);
	drop_capabilities(s);
	if (s->landlock >= 0 && syscall(SYS_landlock_restrict_self, s->landlock, 0))
		fail(s, LANDLOCK);
	if (s->program.len) {
		int flags = s->tell ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
		long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &s->program);
		if (r < 0)
			fail(s, FILTER);
		if (s->tell)
			send_listener(s, (int)r);
	}
	execve(s->path, s->argv, s->envp);
	fail(s, EXECUTE);
}

int spawn(struct spawn *s)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* Go's handlers must not run in the child */
	pid_t pid = vfork(); /* this thread waits for the execve(2), so that its stack may be shared */
	if (pid == 0)
		become(s);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &old, 0);
	return pid < 0 ? -error : pid;
}
