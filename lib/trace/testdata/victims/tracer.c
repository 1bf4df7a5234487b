// A program that would trace itself, its child, or the one that traces it.
#include "expect.h"
#include <sys/ptrace.h>

int main(void) {
	must(ptrace(PTRACE_TRACEME, 0, 0, 0) < 0, "it is traced already");
	expect("{\"syscall\":\"ptrace\",\"errno\":\"EPERM\",\"args\":{\"request\":\"PTRACE_TRACEME\"}}");
	char mem[64];
	snprintf(mem, sizeof mem, "/proc/%d/mem", getppid());
	int fd = open(mem, O_RDWR);
	if (geteuid() != 0) must(fd < 0, "the tracer's memory is closed to an ordinary user");
	snprintf(mem, sizeof mem, "/proc/%d/fd/1", getppid());
	fd = open(mem, O_WRONLY);
	if (geteuid() != 0) must(fd < 0, "the tracer's descriptors are closed to an ordinary user");
	expect("{\"syscall\":\"openat\",\"path\":\"/proc/%d/mem\",\"tamper\":true}", getppid());
	unlink("records.jsonl.old");
	rename("records.jsonl", "records.jsonl.old");
	rename("records.jsonl.old", "records.jsonl");
	expect("{\"syscall\":\"rename\",\"path\":\"%s/records.jsonl\",\"tamper\":true}", cwd);
	char params[256] = {0};
	must(syscall(SYS_io_uring_setup, 8, params) < 0 && errno == ENOSYS, "no io_uring");
	expect("{\"syscall\":\"io_uring_setup\",\"errno\":\"ENOSYS\",\"action\":\"deny\"}");
	kill(getppid(), 0);
	expect("{\"syscall\":\"kill\",\"tamper\":true,\"args\":{\"pid\":%d}}", getppid());
	return 0;
}
