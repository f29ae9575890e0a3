/* Kills its own process at the N-th system call that writes, syncs or sends.
 *
 * Preloaded into the process under test and asleep until `kill_arm` is called. It counts calls on
 * the database's files and on sockets, each looked up by its descriptor at that moment, since a
 * number is soon given to another file. With `power`, bytes that were written to the write-ahead
 * log and never synced are taken back at the kill, as a power cut would.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { UNARMED = 0, BEFORE = 1, AFTER = 2 };

static char database[PATH_MAX], ledger[PATH_MAX];
static long point;
static int when, power;
static atomic_int armed;
static atomic_long counted;
static _Atomic long long unsynced = LLONG_MAX; /* the first byte of the log that is not synced */

void kill_arm(const char *db, const char *log, long number, int moment, int cut) {
  strncpy(database, db, sizeof database - 1);
  strncpy(ledger, log, sizeof ledger - 1);
  point = number;
  when = moment;
  power = cut;
  atomic_store(&armed, 1);
}

long kill_count(void) { return atomic_load(&counted); }

static int name_of(int fd, char *name) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, name, PATH_MAX - 1);
  if (size <= 0) return 0;
  name[size] = 0;
  return 1;
}

static int matters(const char *name) {
  return !strncmp(name, database, strlen(database)) || !strncmp(name, "socket:", 7);
}

static int is_log(const char *name) {
  size_t size = strlen(name);
  return size > 4 && !strcmp(name + size - 4, "-wal");
}

static void die(const char *call, const char *name, long number) {
  char line[PATH_MAX + 128], wal[PATH_MAX + 8];
  long long first = atomic_load(&unsynced);
  if (power && first != LLONG_MAX) {
    snprintf(wal, sizeof wal, "%s-wal", database);
    syscall(SYS_truncate, wal, (off_t)first);
  }
  int size = snprintf(line, sizeof line, "%ld %s %s %s %lld\n", number,
                      when == BEFORE ? "before" : "after", call, name,
                      power && first != LLONG_MAX ? first : -1);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, ledger, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd >= 0) syscall(SYS_write, fd, line, (size_t)size);
  syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
  for (;;) syscall(SYS_sched_yield);
}

/* Returns the number of the call, 0 if it does not count; may not return. */
static long begin(const char *call, const char *name) {
  if (!matters(name)) return 0;
  long number = atomic_fetch_add(&counted, 1) + 1;
  if (when == BEFORE && number == point) die(call, name, number);
  return number;
}

static void end(const char *call, const char *name, long number) {
  if (when == AFTER && number && number == point) die(call, name, number);
}

#define REAL(type, call, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #call)

#define WATCHED(fd, call, result) \
  char name[PATH_MAX]; \
  if (!atomic_load(&armed) || !name_of(fd, name)) return result; \
  long number = begin(#call, name)

static void dirty(const char *name, long long offset) {
  if (!is_log(name)) return;
  long long seen = atomic_load(&unsynced);
  while (offset < seen && !atomic_compare_exchange_weak(&unsynced, &seen, offset)) {
  }
}

ssize_t write(int fd, const void *data, size_t size) {
  REAL(ssize_t, write, int, const void *, size_t);
  WATCHED(fd, write, real(fd, data, size));
  dirty(name, (long long)lseek(fd, 0, SEEK_CUR));
  ssize_t done = real(fd, data, size);
  end("write", name, number);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  WATCHED(fd, pwrite64, real(fd, data, size, offset));
  dirty(name, offset);
  ssize_t done = real(fd, data, size, offset);
  end("pwrite64", name, number);
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  WATCHED(fd, writev, real(fd, parts, count));
  ssize_t done = real(fd, parts, count);
  end("writev", name, number);
  return done;
}

static int sync_with(int (*real)(int), const char *call, int fd) {
  char name[PATH_MAX];
  if (!atomic_load(&armed) || !name_of(fd, name)) return real(fd);
  long number = begin(call, name);
  int done = real(fd);
  if (!done && is_log(name)) atomic_store(&unsynced, LLONG_MAX);
  end(call, name, number);
  return done;
}

int fsync(int fd) {
  REAL(int, fsync, int);
  return sync_with(real, "fsync", fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return sync_with(real, "fdatasync", fd);
}

int ftruncate64(int fd, off64_t size) {
  REAL(int, ftruncate64, int, off64_t);
  WATCHED(fd, ftruncate, real(fd, size));
  int done = real(fd, size);
  end("ftruncate", name, number);
  return done;
}

int unlink(const char *name) {
  REAL(int, unlink, const char *);
  if (!atomic_load(&armed)) return real(name);
  long number = begin("unlink", name);
  int done = real(name);
  end("unlink", name, number);
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

ssize_t send(int fd, const void *data, size_t size, int flags) {
  REAL(ssize_t, send, int, const void *, size_t, int);
  WATCHED(fd, send, real(fd, data, size, flags));
  ssize_t done = real(fd, data, size, flags);
  end("send", name, number);
  return done;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t length) {
  REAL(ssize_t, sendto, int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  WATCHED(fd, sendto, real(fd, data, size, flags, to, length));
  ssize_t done = real(fd, data, size, flags, to, length);
  end("sendto", name, number);
  return done;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
  WATCHED(fd, sendmsg, real(fd, message, flags));
  ssize_t done = real(fd, message, flags);
  end("sendmsg", name, number);
  return done;
}
