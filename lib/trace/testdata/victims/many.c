// Many threads and many short processes, none lost.
#include "expect.h"
#include <pthread.h>

static void *work(void *arg) {
	char name[64];
	snprintf(name, sizeof name, "thread%ld", (long)arg);
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0) close(fd);
	return NULL;
}

int main(void) {
	pthread_t t[1000];
	for (long i = 0; i < 1000; i++) must(pthread_create(&t[i], NULL, work, (void *)i) == 0, "thread");
	for (int i = 0; i < 1000; i++) pthread_join(t[i], NULL);
	for (int i = 0; i < 10000; i++) {
		pid_t pid = i % 2 ? fork() : vfork();
		if (pid == 0) _exit(7);
		must(pid > 0, "fork");
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < 1000; i++) expect("{\"syscall\":\"openat\",\"path\":\"%s/thread%d\",\"success\":true}", cwd, i);
	expect("{\"type\":\"summary\",\"processes\":10001,\"lost\":0}");
	return 0;
}
