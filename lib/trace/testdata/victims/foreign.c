// Calls of other architectures: int 0x80 from a 64-bit program, and x32 numbers.
#include "expect.h"
#include <arpa/inet.h>

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
	// socketcall(SYS_SOCKET and SYS_CONNECT, args), as 32-bit programs open connections.
	unsigned *args = (unsigned *)(low + 256);
	args[0] = AF_INET, args[1] = SOCK_DGRAM, args[2] = 0;
	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(102L), "b"(1L), "c"(args) : "memory", "r8", "r9", "r10", "r11");
	struct sockaddr_in *in = (struct sockaddr_in *)(low + 512);
	in->sin_family = AF_INET, in->sin_port = htons(9);
	inet_pton(AF_INET, "127.0.0.1", &in->sin_addr);
	args[0] = fd, args[1] = (unsigned)(long)in, args[2] = sizeof *in;
	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(102L), "b"(3L), "c"(args) : "memory", "r8", "r9", "r10", "r11");
	expect("{\"syscall\":\"socket\",\"args\":{\"abi\":\"i386\",\"domain\":\"AF_INET\"}}");
	expect("{\"syscall\":\"connect\",\"addr\":\"127.0.0.1\",\"port\":9,\"args\":{\"abi\":\"i386\"}}");
	strcpy(low, "by_x32");
	fd = syscall(0x40000000 | SYS_openat, AT_FDCWD, low, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0)
		expect("{\"syscall\":\"openat\",\"path\":\"%s/by_x32\",\"args\":{\"abi\":\"x32\"}}", cwd);
	else
		expect("{\"syscall\":\"openat\",\"success\":false,\"args\":{\"abi\":\"x32\",\"path\":\"by_x32\"}}");
#endif
	return 0;
}
