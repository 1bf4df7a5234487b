// Names in memory that is not there, ends too soon, or holds what no file is called.
#include "expect.h"

int main(void) {
	must(open(NULL, O_RDONLY) < 0, "null");
	expect("{\"syscall\":\"openat\",\"errno\":\"EFAULT\"}");
	must(open((char *)0xdead0000, O_RDONLY) < 0, "unmapped");
	expect("{\"syscall\":\"openat\",\"errno\":\"EFAULT\",\"args\":{\"path\":\"0xdead0000\"}}");
	must(open((char *)-4096, O_RDONLY) < 0, "kernel address");
	expect("{\"syscall\":\"openat\",\"errno\":\"EFAULT\",\"args\":{\"path\":\"0xfffffffffffff000\"}}");

	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED && munmap(pages + 8192, 4096) == 0, "mmap");
	char *end = pages + 8192;
	memcpy(end - 9, "at_an_en", 9);
	must(open(end - 9, O_RDONLY) < 0, "page end");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/at_an_en\",\"errno\":\"ENOENT\"}", cwd);
	memset(pages, 'a', 8192);
	must(open(end - 5, O_RDONLY) < 0, "no NUL before the end of the mapping");
	strcpy(pages + 4090, "across_the_pages");
	must(open(pages + 4090, O_RDONLY) < 0, "across pages");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/across_the_pages\",\"errno\":\"ENOENT\"}", cwd);

	char *huge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(huge, 'x', 8191);
	must(open(huge, O_RDONLY) < 0, "too long");
	expect("{\"syscall\":\"openat\",\"errno\":\"ENAMETOOLONG\",\"truncated\":true}");

	must(open("line\nbreak\033[31m", O_CREAT | O_WRONLY, 0600) >= 0, "control characters");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/line\\nbreak\\u001b[31m\",\"success\":true}", cwd);
	must(open("bytes\377\376", O_CREAT | O_WRONLY, 0600) >= 0, "not UTF-8");
	expect("{\"syscall\":\"openat\",\"path\":\"%s/bytes\357\277\275\357\277\275\",\"success\":true}", cwd);

	char *argv[] = {"x", (char *)0xdead0000, NULL};
	must(execv("/bin/true", argv) < 0, "execve with bad argv");
	expect("{\"syscall\":\"execve\",\"errno\":\"EFAULT\",\"args\":{\"argv\":[\"x\"]}}");
	must(execl("./nothing", "nothing", "-a", NULL) < 0, "execve");
	expect("{\"syscall\":\"execve\",\"path\":\"%s/nothing\",\"errno\":\"ENOENT\",\"args\":{\"argv\":[\"nothing\",\"-a\"]}}", cwd);
	return 0;
}
