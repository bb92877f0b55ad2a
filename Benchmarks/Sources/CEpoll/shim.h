/* What Swift's Glibc does not have. */
#include <sys/epoll.h>
#include <sys/timerfd.h>
