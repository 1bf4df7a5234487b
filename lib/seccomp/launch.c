/* What becomes a traced command. It is a plain fork(2), not this program executed again, which would
 * take milliseconds: between fork and execve the child does only what is safe in the copy of a
 * program with threads (signal-safety(7)). */

#define _GNU_SOURCE
#include "launch.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static void fail(const struct launch *l)
{
	int e = errno;
	while (write(l->report, &e, sizeof e) < 0 && errno == EINTR) {
	}
	_exit(125);
}

/* Go's handlers must not run in the child: what is not ignored gets its default back. */
static void default_signals(void)
{
	for (int s = 1; s < NSIG; s++) {
		struct sigaction a;
		if (sigaction(s, NULL, &a) == 0 && a.sa_handler != SIG_IGN && a.sa_handler != SIG_DFL) {
			a.sa_handler = SIG_DFL;
			a.sa_flags = 0;
			sigaction(s, &a, NULL);
		}
	}
}

/* Go's runtime raises the soft limit of open files before main. */
static void give_files_back(void)
{
	struct rlimit files;
	if (spawn_open_files() && getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = spawn_open_files();
		setrlimit(RLIMIT_NOFILE, &files); /* lowering it is always allowed */
	}
}

static void filter(const struct launch *l)
{
	int flags = l->tell ? SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0;
	for (int tries = 0; tries < 2; tries++) {
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &l->program) >= 0)
			return;
		/* Without CAP_SYS_ADMIN the kernel asks for this first. */
		if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			break;
	}
	fail(l);
}

static void child(const struct launch *l, const sigset_t *mask)
{
	int moved[3];
	char go;
	ssize_t n;

	close(l->gate_other);
	default_signals();
	/* Above all others first, since a source may be another's target. */
	for (int i = 0; i < 3; i++)
		if ((moved[i] = fcntl(l->stdio[i], F_DUPFD_CLOEXEC, 3)) < 0)
			fail(l);
	for (int i = 0; i < 3; i++)
		if (dup2(moved[i], i) < 0)
			fail(l);
	give_files_back();
	if (l->tell) {
		/* The listener will have the lowest free number. It cannot be told afterwards: the call
		 * that told it could be one that waits for the listener. */
		int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
		if (next < 0)
			fail(l);
		close(next);
		if (write(l->report, &next, sizeof next) != sizeof next)
			fail(l);
	}
	while ((n = read(l->gate, &go, 1)) < 0 && errno == EINTR) {
	}
	if (n != 1)
		_exit(125); /* the tracer is gone */
	filter(l);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
	execve(l->path, l->argv, l->envp);
	fail(l);
}

int launch(const struct launch *l)
{
	sigset_t all, mask;
	pid_t pid;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	pid = fork();
	if (pid == 0)
		child(l, &mask);
	e = errno;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return pid < 0 ? -e : pid;
}
