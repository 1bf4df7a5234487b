// A victim prints the records that it expects, one JSON object a line: each must be found among the
// records of its trace with at least these keys. "absent" in front names one that must not be there.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char cwd[4096];

static void expect(const char *format, ...) {
	va_list ap;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void must(int ok, const char *what) {
	if (!ok) {
		perror(what);
		exit(99);
	}
}

__attribute__((unused)) static void file(const char *name) {
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	must(fd >= 0, name);
	close(fd);
}

__attribute__((constructor)) static void begin(void) { must(getcwd(cwd, sizeof cwd) != NULL, "getcwd"); }
