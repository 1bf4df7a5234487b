// A program that would answer for its own calls, past the tracer's filter; and one with a filter of
// its own that is harmless.
#include "expect.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static long install(unsigned flags, unsigned nr, unsigned action) {
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = {4, f};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

int main(void) {
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	must(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_openat, SECCOMP_RET_USER_NOTIF) < 0 && errno == EINVAL, "no listener");
	expect("{\"syscall\":\"seccomp\",\"errno\":\"EINVAL\",\"action\":\"deny\",\"tamper\":true}");
	must(install(0, SYS_fchmodat, SECCOMP_RET_ERRNO | EPERM) == 0, "a filter of its own");
	must(install(0, SYS_getppid, SECCOMP_RET_TRACE) == 0, "a filter that would stop for a tracer");
	getppid(); // stops, and means nothing
	file("after");
	expect("{\"syscall\":\"seccomp\",\"success\":true,\"args\":{\"operation\":\"SECCOMP_SET_MODE_FILTER\"}}");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/after\",\"success\":true}", cwd);
	return 0;
}
