// Stop signals, continuation, and death in the middle of a call.
#include "expect.h"

int main(void) {
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		file("after_stop");
		raise(SIGTSTP);
		file("after_tstp");
		for (;;) pause();
	}
	int st;
	must(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP, "stopped");
	kill(pid, SIGCONT);
	must(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGTSTP, "stopped again");
	kill(pid, SIGCONT);
	usleep(50000);
	kill(pid, SIGKILL);
	must(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "killed");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/after_stop\"}", cwd);
	expect("{\"syscall\":\"openat\",\"path\":\"%s/after_tstp\"}", cwd);
	expect("{\"syscall\":\"kill\",\"args\":{\"pid\":%d,\"signal\":\"SIGKILL\"},\"success\":true}", pid);
	expect("{\"type\":\"process\",\"op\":\"exit\",\"signal\":\"SIGKILL\",\"proc\":{\"pid\":%d}}", pid);

	pid = fork();
	if (pid == 0)
		for (;;) {
			int fd = open("/dev/null", O_RDONLY);
			close(fd);
		}
	usleep(30000);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	must(WIFSIGNALED(st), "killed between stops");
	file("after_all");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/after_all\"}", cwd);
	return 0;
}
