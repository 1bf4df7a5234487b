// Calls of other architectures: int 0x80 from a 64-bit program, and x32 numbers.
#include "expect.h"

int main(void) {
#ifdef __x86_64__
	// int 0x80 takes 32-bit pointers: the name must lie low.
	char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	must(low != MAP_FAILED, "mmap");
	strcpy(low, "by_int80");
	long fd;
	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(5L), "b"(low), "c"((long)(O_CREAT | O_WRONLY)), "d"(0600L) : "memory", "r8", "r9", "r10", "r11");
	if (fd >= 0)
		expect("{\"syscall\":\"open\",\"path\":\"%s/by_int80\",\"access\":\"create\",\"success\":true,\"args\":{\"abi\":\"i386\"}}", cwd);
	else
		expect("{\"syscall\":\"open\",\"success\":false,\"args\":{\"abi\":\"i386\"}}");
	strcpy(low, "by_x32");
	fd = syscall(0x40000000 | SYS_openat, AT_FDCWD, low, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0)
		expect("{\"syscall\":\"openat\",\"path\":\"%s/by_x32\",\"args\":{\"abi\":\"x32\"}}", cwd);
	else
		expect("{\"syscall\":\"openat\",\"success\":false,\"args\":{\"abi\":\"x32\",\"path\":\"by_x32\"}}");
#endif
	return 0;
}
