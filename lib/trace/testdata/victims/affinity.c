// A program that stops so often that it is drawn to the tracer's processor sees, and governs, only
// its own mask; left alone it has it back.
#include "expect.h"

static cpu_set_t all;

static void busy(void) {
	for (int i = 0; i < 300; i++) close(open("/dev/null", O_RDONLY));
}

static int allowed(void) { // as /proc tells, which nobody answers for
	char line[4096];
	int n = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof line, f))
		if (strncmp(line, "Cpus_allowed:", 13) == 0)
			for (char *p = line + 13; *p; p++)
				if (*p != ',' && *p > ' ') n += __builtin_popcount(strtol((char[]){*p, 0}, NULL, 16));
	fclose(f);
	return n;
}

int main(void) {
	cpu_set_t now;
	if (CPU_COUNT(&all) > 1) {
		int tries = 0;
		do busy(); while (allowed() != 1 && ++tries < 100);
		must(tries < 100, "it is drawn to one processor");
	}
	must(sched_getaffinity(0, sizeof all, &all) == 0, "sched_getaffinity");
	busy();
	must(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&all, &now), "its own mask while it is drawn");
	must(syscall(SYS_sched_getaffinity, 0, 8, &now) >= 0, "a short mask");

	pid_t pid = fork(); // inherits what the mask really is
	if (pid == 0) {
		busy();
		must(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&all, &now), "the child's own mask");
		usleep(100000);
		_exit(allowed() != CPU_COUNT(&all));
	}
	int st;
	must(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 0, "the child has its mask back");

	int last = -1;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all)) last = i;
	cpu_set_t mine;
	CPU_ZERO(&mine);
	CPU_SET(last, &mine);
	busy();
	must(sched_setaffinity(0, sizeof mine, &mine) == 0, "sched_setaffinity");
	busy();
	must(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&mine, &now), "the mask that it chose");
	must(sched_getcpu() == last, "it runs where it chose");
	must(sched_setaffinity(0, sizeof all, &all) == 0, "sched_setaffinity");
	busy();
	usleep(100000);
	must(allowed() == CPU_COUNT(&all), "it has its mask back");
	expect("{\"type\":\"summary\",\"exit\":0}");
	return 0;
}
