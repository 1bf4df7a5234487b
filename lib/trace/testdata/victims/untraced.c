// Children that ask to be hidden from a tracer.
#include "expect.h"
#include <linux/sched.h>

static int touch(const char *name) {
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	return fd < 0;
}

int main(void) {
	long pid = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) _exit(touch("by_clone"));
	must(pid > 0, "clone");
	waitpid(pid, NULL, 0);
	struct clone_args a = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
	pid = syscall(SYS_clone3, &a, sizeof a);
	if (pid == 0) _exit(touch("by_clone3"));
	must(pid > 0, "clone3");
	waitpid(pid, NULL, 0);
	expect("{\"syscall\":\"openat\",\"path\":\"%s/by_clone\",\"success\":true}", cwd);
	expect("{\"syscall\":\"openat\",\"path\":\"%s/by_clone3\",\"success\":true}", cwd);
	expect("{\"syscall\":\"clone\",\"success\":true,\"args\":{\"flags\":[\"CLONE_UNTRACED\"],\"exit_signal\":\"SIGCHLD\"}}");
	expect("{\"syscall\":\"clone3\",\"success\":true}");
	return 0;
}
