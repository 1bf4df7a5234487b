// Name look-ups in the forms that resolvers have, in a network of their own with a server of their
// own. Nothing of it leaves the program.
#include "expect.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

static struct sockaddr_in server = {.sin_family = AF_INET};

static int query(unsigned char *b, const char *label, int type) {
	memcpy(b, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
	int n = 12;
	for (const char *p = label; *p;) {
		int l = strcspn(p, ".");
		b[n++] = l;
		memcpy(b + n, p, l);
		n += l;
		p += l + (p[l] == '.');
	}
	memcpy(b + n, "\0\0\0\0\1", 5);
	b[n + 2] = type;
	return n + 5;
}

static void serve(int s) {
	for (;;) {
		unsigned char b[512];
		struct sockaddr_in from;
		socklen_t l = sizeof from;
		int n = recvfrom(s, b, sizeof b, 0, (void *)&from, &l);
		if (n < 17) continue;
		usleep(2000);
		int a = b[n - 3] == 1;
		b[2] = 0x81, b[3] = 0x80, b[7] = a;
		if (a) {
			memcpy(b + n, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x09", 16);
			n += 16;
		}
		sendto(s, b, n, 0, (void *)&from, l);
	}
}

static void await(int s) {
	struct pollfd p = {s, POLLIN, 0};
	must(poll(&p, 1, 5000) == 1, "an answer");
}

int main(void) {
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET) != 0) {
		expect("{\"type\":\"summary\"}");
		return 0;
	}
	int c = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	must(ioctl(c, SIOCSIFFLAGS, &up) == 0, "lo up");
	server.sin_port = htons(53);
	inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	must(bind(s, (void *)&server, sizeof server) == 0, "bind");
	pid_t pid = fork();
	if (pid == 0) serve(s);
	unsigned char b[512];
	int n = query(b, "written.example", 1);
	must(connect(c, (void *)&server, sizeof server) == 0 && write(c, b, n) == n, "connect and write");
	await(c);
	must(read(c, b, sizeof b) > n, "read");
	expect("{\"type\":\"net\",\"op\":\"dns\",\"host\":\"written.example\",\"answers\":[\"203.0.113.9\"],\"addr\":\"127.0.0.1\",\"port\":53}");

	int u = socket(AF_INET, SOCK_DGRAM, 0);
	n = query(b, "sent.example", 1);
	must(sendto(u, b, n, 0, (void *)&server, sizeof server) == n, "sendto");
	await(u);
	struct sockaddr_in from;
	struct iovec iov = {b, sizeof b};
	struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1};
	must(recvmsg(u, &msg, 0) > n, "recvmsg");
	expect("{\"type\":\"net\",\"op\":\"dns\",\"host\":\"sent.example\",\"answers\":[\"203.0.113.9\"]}");

	unsigned char b2[512];
	n = query(b, "many.example", 1);
	int n2 = query(b2, "many.example", 28);
	struct iovec v[2] = {{b, n}, {b2, n2}};
	struct mmsghdr mm[2] = {{.msg_hdr = {.msg_iov = v, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = v + 1, .msg_iovlen = 1}}};
	must(sendmmsg(c, mm, 2, 0) == 2, "sendmmsg");
	await(c);
	must(recv(c, b, sizeof b, 0) > 0 && recv(c, b, sizeof b, 0) > 0, "recv");
	expect("{\"type\":\"net\",\"op\":\"dns\",\"host\":\"many.example\",\"answers\":[\"203.0.113.9\"]}");

	n = query(b, "waiting.example", 1);
	must(sendto(c, b, n, 0, NULL, 0) == n && recv(c, b, sizeof b, 0) > n, "a receive that waits");
	expect("{\"type\":\"net\",\"op\":\"dns\",\"host\":\"waiting.example\",\"answers\":[\"203.0.113.9\"]}");

	must(write(c, "\x12\x34\x01", 3) == 3 && write(c, b, 13) == 13, "garbage");
	kill(pid, SIGKILL);
	return 0;
}
