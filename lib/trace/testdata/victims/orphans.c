// Makers that are killed as soon as they can be, and children given to another parent: what the
// children do is told all the same, and as theirs.
#include "expect.h"

int main(void) {
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			char name[64];
			snprintf(name, sizeof name, "orphan%d", i);
			if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {
				int fd = open(name, O_CREAT | O_WRONLY, 0600);
				_exit(fd < 0);
			}
			kill(getpid(), SIGKILL);
		}
		int st;
		while (wait(&st) > 0) {}
		expect("{\"syscall\":\"openat\",\"path\":\"%s/orphan%d\",\"proc\":{\"lineage\":[\"orphans\",\"orphans\",\"orphans\"]}}", cwd, i);
	}
	return 0;
}
