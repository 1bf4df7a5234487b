// A changed user id shows on the records that follow.
#include "expect.h"

int main(void) {
	if (getuid() != 0) {
		must(setuid(0) < 0, "setuid");
		expect("{\"syscall\":\"setuid\",\"errno\":\"EPERM\",\"args\":{\"uid\":0}}");
		return 0;
	}
	must(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
	open("/dev/null", O_RDONLY);
	expect("{\"syscall\":\"setuid\",\"success\":true,\"args\":{\"uid\":65534}}");
	expect("{\"syscall\":\"openat\",\"path\":\"/dev/null\",\"proc\":{\"uid\":65534}}");
	return 0;
}
