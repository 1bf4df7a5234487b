// Attack tries what a jail must refuse and prints, for each attempt named on the command line, a line
// "name RESULT": OK, or the error's number as a symbol. An argument follows its name after "=". Where
// the jail fails, the attempts do no harm: they open without writing, aim at files of the test, or
// pass arguments that the kernel refuses after the check of privilege.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *arg; /* of the attempt */

static long raw(long nr, long a, long b, long c, long d, long e) { return syscall(nr, a, b, c, d, e); }

static long reopen(int flags)
{
	char link[64];
	int fd = open(arg, O_PATH);
	if (fd < 0)
		return -1;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return open(link, flags);
}

static long run(char *const argv[])
{
	int status, e[2];
	if (pipe2(e, O_CLOEXEC))
		return -1;
	pid_t p = fork();
	if (p == 0) {
		close(1);
		execv(argv[0], argv);
		(void)!write(e[1], &errno, sizeof errno);
		_exit(1);
	}
	close(e[1]);
	int failed = 0;
	if (read(e[0], &failed, sizeof failed) == sizeof failed) {
		waitpid(p, &status, 0);
		errno = failed;
		return -1;
	}
	waitpid(p, &status, 0);
	errno = ENOEXEC; /* started, and failed: a loader that was refused the file */
	return status == 0 ? 0 : -1;
}

static long memfd_exec(unsigned flags)
{
	int fd = memfd_create("x", flags);
	if (fd < 0)
		return -1;
	int in = open("/bin/true", O_RDONLY);
	char buf[65536];
	ssize_t n;
	while ((n = read(in, buf, sizeof buf)) > 0)
		(void)!write(fd, buf, n);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return run((char *[]){path, NULL});
}

static long clone_flag(long flag)
{
	long p = syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
	if (p == 0)
		_exit(0);
	if (p > 0)
		waitpid(p, NULL, 0);
	return p;
}

static long tcp(int family, const char *host, int port)
{
	union { struct sockaddr a; struct sockaddr_in v4; struct sockaddr_in6 v6; } u;
	memset(&u, 0, sizeof u);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (family == AF_INET) {
		u.v4.sin_family = AF_INET;
		u.v4.sin_port = htons(port);
		inet_pton(AF_INET, host, &u.v4.sin_addr);
		return connect(fd, &u.a, sizeof u.v4);
	}
	u.v6.sin6_family = AF_INET6;
	u.v6.sin6_port = htons(port);
	inet_pton(AF_INET6, host, &u.v6.sin6_addr);
	return connect(fd, &u.a, sizeof u.v6);
}

static long udp(const char *host)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
	inet_pton(AF_INET, host, &a.sin_addr);
	return sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (struct sockaddr *)&a, sizeof a);
}

static long loopback(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&a, n) || listen(l, 1) || getsockname(l, (struct sockaddr *)&a, &n))
		return -1;
	return connect(c, (struct sockaddr *)&a, n);
}

static long abstract(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strncpy(a.sun_path + 1, name, sizeof a.sun_path - 2);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static long unix_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strncpy(a.sun_path, path, sizeof a.sun_path - 1);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a);
}

static long vm_read(pid_t pid)
{
	char b[8];
	struct iovec here = {b, sizeof b}, there = {(void *)0x400000, sizeof b};
	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static long stack_filter(void)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog p = {1, &allow};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p);
}

static long raise_limit(void)
{
	struct rlimit l;
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_max++;
	return setrlimit(RLIMIT_NOFILE, &l);
}

static long named(int fd, long r)
{
	(void)fd;
	return r;
}

static char new_path[4096];
static const char *fresh(void)
{
	static int n;
	snprintf(new_path, sizeof new_path, "%s/new%d", arg, n++);
	return new_path;
}

static long set_id(long (*make)(const char *)) { return make(fresh()); }
static int plain(const char *p) { return open(p, O_CREAT | O_RDWR, 0644); }
static long by_chmod(const char *p) { plain(p); return syscall(SYS_fchmodat, AT_FDCWD, p, 04755); }
static long by_chmod_sgid(const char *p) { plain(p); return chmod(p, 02755); }
static long by_fchmod(const char *p) { return fchmod(plain(p), 04755); }
static long by_fchmodat2(const char *p) { plain(p); return raw(452, AT_FDCWD, (long)p, 04755, 0, 0); }
static long by_openat(const char *p) { return open(p, O_CREAT | O_WRONLY, 04755); }
static long by_tmpfile(const char *p) { (void)p; return open(arg, O_TMPFILE | O_WRONLY, 04755); }
static long by_mknod(const char *p) { return mknod(p, S_IFREG | 04755, 0); }
static long by_chmod_plain(const char *p) { plain(p); return chmod(p, 0755); }
#ifdef SYS_creat
static long by_creat(const char *p) { return syscall(SYS_creat, p, 04755); }
static long by_open(const char *p) { return syscall(SYS_open, p, O_CREAT | O_WRONLY, 04755); }
#endif

#define ATTEMPTS \
	A("read", open(arg, O_RDONLY)) \
	A("readdir", open(arg, O_RDONLY | O_DIRECTORY)) \
	A("write", open(arg, O_WRONLY)) \
	A("create", open(fresh(), O_CREAT | O_WRONLY, 0644)) \
	A("append", open(arg, O_WRONLY | O_APPEND)) \
	A("truncate", truncate(arg, 0)) \
	A("chmod", chmod(arg, 0777)) \
	A("chown", chown(arg, getuid(), getgid())) \
	A("utime", utimensat(AT_FDCWD, arg, NULL, 0)) \
	A("xattr", setxattr(arg, "user.x", "x", 1, 0)) \
	A("unlink", unlink(arg)) \
	A("rename", rename(arg, fresh_beside())) \
	A("link", link(arg, fresh_beside())) \
	A("stat", access(arg, F_OK)) \
	A("opath", reopen(O_RDWR)) \
	A("exec", run((char *[]){(char *)arg, NULL})) \
	A("ldso", run((char *[]){LOADER, (char *)arg, NULL})) \
	A("mapexec", (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open(arg, O_RDONLY), 0)) \
	A("memfd", memfd_exec(0)) \
	A("memfd_asked", memfd_exec(0x10)) \
	A("mknod_dev", mknod(fresh(), S_IFCHR | 0666, 0x103)) \
	A("fifo", mkfifo(fresh(), 0600)) \
	A("suid_chmod", set_id(by_chmod)) A("sgid_chmod", set_id(by_chmod_sgid)) A("suid_fchmod", set_id(by_fchmod)) \
	A("suid_fchmodat2", set_id(by_fchmodat2)) A("suid_openat", set_id(by_openat)) A("suid_tmpfile", set_id(by_tmpfile)) \
	A("suid_mknod", set_id(by_mknod)) A("chmod_plain", set_id(by_chmod_plain)) \
	A("unshare_user", unshare(CLONE_NEWUSER)) A("unshare_time", unshare(0x80)) A("unshare_fs", unshare(CLONE_FS)) \
	A("clone_user", clone_flag(CLONE_NEWUSER)) A("clone_net", clone_flag(CLONE_NEWNET)) A("fork", clone_flag(0)) \
	A("clone3", raw(435, 0, 0, 0, 0, 0)) A("openat2", raw(437, AT_FDCWD, 0, 0, 0, 0)) \
	A("setns", raw(SYS_setns, open("/proc/self/ns/net", O_RDONLY), 0, 0, 0, 0)) \
	A("mount", mount("none", "/tmp", "tmpfs", 0, "")) A("umount", umount2("/tmp", MNT_DETACH)) \
	A("fsopen", raw(430, (long)"tmpfs", 0, 0, 0, 0)) A("open_tree", raw(428, AT_FDCWD, (long)"/", 1, 0, 0)) \
	A("move_mount", raw(429, -1, 0, -1, 0, 0)) A("mount_setattr", raw(442, -1, 0, 0, 0, 0)) \
	A("chroot", chroot("/")) A("pivot_root", raw(SYS_pivot_root, (long)"/", (long)"/", 0, 0, 0)) \
	A("bpf", raw(SYS_bpf, 0, 0, 0, 0, 0)) A("perf", raw(SYS_perf_event_open, 0, 0, -1, -1, 0)) \
	A("userfaultfd", raw(SYS_userfaultfd, 1, 0, 0, 0, 0)) A("kexec", raw(SYS_kexec_load, 0, 0, 0, 0, 0)) \
	A("init_module", raw(SYS_init_module, 0, 0, 0, 0, 0)) A("finit_module", raw(SYS_finit_module, -1, 0, 0, 0, 0)) \
	A("delete_module", raw(SYS_delete_module, (long)"no-such", 0, 0, 0, 0)) \
	A("add_key", raw(SYS_add_key, 0, 0, 0, 0, 0)) A("keyctl", raw(SYS_keyctl, 0, -3, 0, 0, 0)) A("request_key", raw(SYS_request_key, 0, 0, 0, 0, 0)) \
	A("io_uring", raw(425, 1, 0, 0, 0, 0)) A("handle", raw(SYS_open_by_handle_at, -1, 0, 0, 0, 0)) \
	A("settimeofday", raw(SYS_settimeofday, 0, 1, 0, 0, 0)) A("clock_settime", raw(SYS_clock_settime, 99, 0, 0, 0, 0)) \
	A("adjtimex", raw(SYS_adjtimex, 0, 0, 0, 0, 0)) A("reboot", raw(SYS_reboot, 0, 0, 0, 0, 0)) A("swapon", raw(SYS_swapon, 0, 0, 0, 0, 0)) \
	A("acct", raw(SYS_acct, (long)"/no/such", 0, 0, 0, 0)) A("syslog", raw(SYS_syslog, 10, 0, 0, 0, 0)) A("quotactl", raw(SYS_quotactl, 0, 0, 0, 0, 0)) \
	A("unknown", raw(600, 0, 0, 0, 0, 0)) \
	A("tiocsti", ioctl(0, TIOCSTI, "x")) A("tiocsti_high", raw(SYS_ioctl, 0, 0x100000000L | TIOCSTI, (long)"x", 0, 0)) A("tioclinux", ioctl(0, TIOCLINUX, "\3")) \
	A("personality", personality(ADDR_NO_RANDOMIZE)) A("personality32", personality(8)) A("personality_ask", personality(0xffffffff)) \
	A("ptrace_init", ptrace(PTRACE_SEIZE, 1, 0, 0)) A("vm_init", vm_read(1)) A("vm_self", vm_read(getpid())) \
	A("pidfd_getfd", raw(438, -1, 0, 0, 0, 0)) \
	A("kill_init", kill(1, SIGTERM)) A("kill_pid", kill(atoi(arg), 0)) \
	A("setuid", setuid(arg ? atoi(arg) : 1)) A("stack_filter", stack_filter()) A("raise_limit", raise_limit()) \
	A("tcp4", tcp(AF_INET, "192.0.2.1", 80)) A("tcp6", tcp(AF_INET6, "2001:db8::1", 80)) A("udp4", udp("192.0.2.1")) \
	A("host_port", tcp(AF_INET, "127.0.0.1", atoi(arg))) A("loopback", loopback()) \
	A("raw4", socket(AF_INET, SOCK_RAW, 1)) A("raw6", socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 58)) A("packet", socket(AF_PACKET, SOCK_RAW, 0)) \
	A("vsock", socket(40, SOCK_STREAM, 0)) A("alg", socket(38, SOCK_SEQPACKET, 0)) A("family_high", raw(SYS_socket, 0x100000000L | 38, SOCK_SEQPACKET, 0, 0, 0)) \
	A("tipc_pair", socketpair(30, SOCK_STREAM, 0, (int[2]){0, 0})) \
	A("mptcp", socket(AF_INET, SOCK_STREAM, 262)) A("sctp", socket(AF_INET6, SOCK_STREAM, 132)) \
	A("netlink_route", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) A("netlink_audit", socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT)) \
	A("abstract", abstract(arg)) A("unix", unix_socket(arg)) \
	A("shm", shmget(atoi(arg), 0, 0)) A("fd", fcntl(atoi(arg), F_GETFD))

static char beside[4096];
static const char *fresh_beside(void)
{
	static int n;
	snprintf(beside, sizeof beside, "%s.new%d", arg, n++);
	return beside;
}

#ifdef __x86_64__
#define LOADER "/lib64/ld-linux-x86-64.so.2"
static long int80(void)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); /* getpid of i386 */
	return r;
}
#else
#define LOADER "/lib/ld-linux-aarch64.so.1"
#endif

static void say(const char *name, long r)
{
	printf("%s %s\n", name, r == -1 ? strerrorname_np(errno) : "OK");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		char *name = strdup(argv[i]), *eq = strchr(name, '=');
		if (eq)
			*eq++ = 0;
		arg = eq;
		int known = 0;
#define A(n, call) if (!known && !strcmp(name, n)) { known = 1; errno = 0; say(argv[i], named(0, (long)(call))); }
		ATTEMPTS
#ifdef __x86_64__
		A("suid_creat", set_id(by_creat)) A("suid_open", set_id(by_open))
		A("int80", int80()) A("x32", raw(0x40000000 + 39, 0, 0, 0, 0, 0)) A("iopl", raw(SYS_iopl, 0, 0, 0, 0, 0)) A("ioperm", raw(SYS_ioperm, 0, 1, 1, 0, 0))
#endif
		if (!known) {
			printf("%s UNKNOWN\n", argv[i]);
			return 2;
		}
	}
	return 0;
}
