/* A network switch that delivers every frame some time after it came, for kernels without netem:
 *
 *   delay_switch MICROSECONDS NAMESPACE...
 *
 * Each network namespace gets an interface `slow`, which is a port of the switch. It writes "ready"
 * once all are there, and switches until it is killed. Needs root. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_MAX = 256, FRAME_MAX = 65600, FRAMES_MAX = 1 << 14, ADDRESS = 6 };

/* A frame on its way; the queue is in the order of arrival, and so of departure. */
typedef struct {
  int64_t due; /* ns */
  int from, size;
  unsigned char *data;
} frame;

static int ports, port[PORTS_MAX];
static unsigned char address[PORTS_MAX][ADDRESS]; /* last seen behind each port */
static frame queue[FRAMES_MAX];
static uint64_t taken, put;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void give_up(const char *what) {
  fprintf(stderr, "delay_switch: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int open_port(const char *name) {
  char path[256];
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET))
    give_up(path);
  close(space);
  int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  strcpy(request.ifr_name, "slow");
  if (file < 0 || ioctl(file, TUNSETIFF, &request))
    give_up("/dev/net/tun");
  return file;
}

/* Takes all frames that have come to port `p`. A full queue drops them, as switches do. */
static void take_frames(int p, int64_t delay) {
  static unsigned char data[FRAME_MAX];
  ssize_t size;
  while ((size = read(port[p], data, sizeof data)) > 2 * ADDRESS) {
    memcpy(address[p], data + ADDRESS, ADDRESS);
    if (put - taken == FRAMES_MAX)
      continue;
    frame *f = &queue[put++ % FRAMES_MAX];
    *f = (frame){now() + delay, p, (int)size, malloc((size_t)size)};
    if (!f->data)
      give_up("frame");
    memcpy(f->data, data, (size_t)size);
  }
}

static void deliver(const frame *f) {
  int to = -1;
  for (int p = 0; p < ports; p++)
    if (!memcmp(address[p], f->data, ADDRESS))
      to = p;
  for (int p = 0; p < ports; p++)
    if (p == to || (to < 0 && p != f->from))
      if (write(port[p], f->data, (size_t)f->size) < 0 && errno != EAGAIN && errno != EIO)
        give_up("write");
}

int main(int count, char **argument) {
  struct pollfd wait[PORTS_MAX];
  if (count < 3 || count - 2 > PORTS_MAX)
    return 2;
  int64_t delay = atoll(argument[1]) * 1000;
  for (ports = 0; ports < count - 2; ports++) {
    port[ports] = open_port(argument[ports + 2]);
    wait[ports] = (struct pollfd){port[ports], POLLIN, 0};
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    int64_t left = taken < put ? queue[taken % FRAMES_MAX].due - now() : INT64_C(1000000000);
    struct timespec most = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
    ppoll(wait, (nfds_t)ports, &most, NULL);
    for (int p = 0; p < ports; p++)
      if (wait[p].revents & POLLIN)
        take_frames(p, delay);
    for (; taken < put && queue[taken % FRAMES_MAX].due <= now(); taken++) {
      deliver(&queue[taken % FRAMES_MAX]);
      free(queue[taken % FRAMES_MAX].data);
    }
  }
}
