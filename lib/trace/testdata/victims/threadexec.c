// A thread that is not the leader executes a program while others run.
#include "expect.h"
#include <pthread.h>

static void *spin(void *arg) {
	for (;;) {
		int fd = open("/dev/null", O_RDONLY);
		if (fd >= 0) close(fd);
	}
	return arg;
}

static void *replace(void *arg) {
	usleep(20000);
	execl("/bin/sh", "sh", "-c", ": >by_exec", NULL);
	_exit(98);
	return arg;
}

int main(void) {
	expect("{\"type\":\"process\",\"op\":\"exec\",\"proc\":{\"pid\":%d,\"name\":\"sh\",\"argv\":[\"sh\",\"-c\",\": >by_exec\"]}}", getpid());
	expect("{\"syscall\":\"execve\",\"success\":true,\"proc\":{\"pid\":%d,\"name\":\"sh\"}}", getpid());
	expect("{\"syscall\":\"openat\",\"path\":\"%s/by_exec\",\"success\":true,\"proc\":{\"pid\":%d}}", cwd, getpid());
	expect("{\"type\":\"process\",\"op\":\"exit\",\"exit\":0,\"proc\":{\"pid\":%d}}", getpid());
	pthread_t t;
	for (int i = 0; i < 4; i++) pthread_create(&t, NULL, spin, NULL);
	pthread_create(&t, NULL, replace, NULL);
	pthread_join(t, NULL);
	return 97;
}
