// A process that leaves its session, its parents and its descriptors behind is still followed.
#include "expect.h"

int main(void) {
	expect("{\"syscall\":\"openat\",\"path\":\"%s/by_daemon\",\"success\":true,\"proc\":{\"lineage\":[\"daemon\",\"daemon\",\"daemon\"]}}", cwd);
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			for (int fd = 0; fd < 256; fd++) close(fd);
			usleep(50000);
			open("by_daemon", O_CREAT | O_WRONLY, 0600);
			_exit(0);
		}
		_exit(0);
	}
	wait(NULL);
	return 0;
}
