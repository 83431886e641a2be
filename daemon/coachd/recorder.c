#include "daemon/coachd/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "lib/base/hash.h"

enum {
    NAME_ID = 64,     /* bytes of a call's id in its file's name */
    NAME_SAME = 9999, /* recordings of one call id that may lie side by side */
    HOUR_S = 3600,
    DAY_S = 24 * HOUR_S
};
static const char name_lead[] = "call-", name_end[] = ".ndjson";

enum item_kind { ITEM_LINE, ITEM_END, ITEM_GIVE_UP };

/* Something for the thread to do. */
struct item {
    struct item *next;
    struct record *rec;
    enum item_kind kind;
    struct buf line;
};

/* What is below the line belongs to the thread. */
struct record {
    struct record *next, *prev; /* of the recorder's, as long as the loop has it */
    struct item last;           /* its end, which must not fail for want of memory */
    /* --- */
    bool begun;  /* the file is there */
    bool failed; /* the file was deleted: nothing more of it is written */
    char name[sizeof name_lead + NAME_ID + 1 + 16 + 16 + sizeof name_end];
    char stem[sizeof name_lead + NAME_ID + 1 + 16]; /* the name up to where a number may follow */
};

struct recorder {
    uv_thread_t thread;
    uv_mutex_t lock; /* of what stands below, up to `counts` */
    uv_cond_t more;
    struct item *first, **end;
    size_t waiting; /* bytes */
    bool closing;
    struct recorder_counts counts;
    struct record *open; /* the loop's */
    int dir;
    int64_t days;
};

/* ---- names ---- */

/* "call-", what of the id can stand in a file's name, and a hash of all of it. */
static void write_stem(struct record *rec, const char *call_id)
{
    struct hash_fields h;
    char hex[17];
    size_t len = strlen(call_id), n = sizeof name_lead - 1;
    hash_fields_init(&h);
    hash_fields_add(&h, call_id, len);
    hash_hex(h.value, hex);
    memcpy(rec->stem, name_lead, n);
    for (size_t i = 0; i < len && i < NAME_ID; i++) {
        char c = call_id[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        rec->stem[n++] = plain ? c : '_';
    }
    snprintf(rec->stem + n, sizeof rec->stem - n, "-%s", hex);
}

static bool ends_in_hash(const char *name, size_t len)
{
    if (len < sizeof name_lead + 17 || name[len - 17] != '-')
        return false;
    for (size_t i = len - 16; i < len; i++)
        if (strchr("0123456789abcdef", name[i]) == NULL)
            return false;
    return true;
}

/* Whether a recorder gave a file this name. */
static bool is_ours(const char *name)
{
    size_t len = strlen(name), tail = sizeof name_end - 1;
    if (len < tail || strncmp(name, name_lead, sizeof name_lead - 1) != 0 || strcmp(name + len - tail, name_end) != 0)
        return false;
    len -= tail;
    if (ends_in_hash(name, len))
        return true;
    while (len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9')
        len--;
    return len > 0 && name[len - 1] == '-' && ends_in_hash(name, len - 1);
}

/* ---- the thread ---- */

static void count_given_up(struct recorder *r, const char *why)
{
    uv_mutex_lock(&r->lock);
    r->counts.given_up++;
    snprintf(r->counts.why, sizeof r->counts.why, "%s", why);
    uv_mutex_unlock(&r->lock);
}

static void give_up(struct recorder *r, struct record *rec, const char *why)
{
    if (rec->failed)
        return;
    if (rec->begun)
        (void)unlinkat(r->dir, rec->name, 0);
    rec->failed = true;
    count_given_up(r, why);
}

/* A file that was not there before: a number sets it apart from an earlier call with this id. */
static int create(const struct recorder *r, struct record *rec)
{
    int fd = -1;
    errno = EEXIST;
    for (int n = 1; fd < 0 && errno == EEXIST && n <= NAME_SAME; n++) {
        char number[16] = "";
        if (n > 1)
            snprintf(number, sizeof number, "-%d", n);
        snprintf(rec->name, sizeof rec->name, "%s%s%s", rec->stem, number, name_end);
        fd = openat(r->dir, rec->name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    }
    rec->begun = fd >= 0;
    return fd;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Opened for each line: as many calls may be recorded as may be live, and there are not that many descriptors. */
static void write_line(struct recorder *r, struct record *rec, const struct buf *line)
{
    if (rec->failed)
        return;
    int fd = rec->begun ? openat(r->dir, rec->name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : create(r, rec);
    bool written = fd >= 0 && write_all(fd, line->data, line->len);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        error = errno;
    }
    if (!written) {
        give_up(r, rec, strerror(error));
        return;
    }
    uv_mutex_lock(&r->lock);
    r->counts.lines++;
    uv_mutex_unlock(&r->lock);
}

static void finish_record(struct recorder *r, struct record *rec, bool well)
{
    if (!well)
        give_up(r, rec, "more waited to be written than memory is set aside for");
    if (!rec->failed) {
        uv_mutex_lock(&r->lock);
        r->counts.calls++;
        uv_mutex_unlock(&r->lock);
    }
    free(rec);
}

static void run_item(struct recorder *r, struct item *i)
{
    if (i->kind != ITEM_LINE) {
        finish_record(r, i->rec, i->kind == ITEM_END); /* the item lies in the record */
        return;
    }
    write_line(r, i->rec, &i->line);
    buf_clear(&i->line);
    free(i);
}

static void delete_old(struct recorder *r)
{
    int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    time_t before = time(NULL) - (time_t)(r->days * DAY_S);
    uint64_t n = 0;
    struct stat st;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (is_ours(e->d_name) && fstatat(r->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < before && unlinkat(r->dir, e->d_name, 0) == 0)
            n++;
    if (d != NULL)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    uv_mutex_lock(&r->lock);
    r->counts.expired += n;
    uv_mutex_unlock(&r->lock);
}

/* The next item, or NULL after `seconds` and when it is time to end. */
static struct item *next_item(struct recorder *r, int64_t seconds, bool *closing)
{
    uv_mutex_lock(&r->lock);
    if (r->first == NULL && !r->closing && seconds > 0)
        (void)uv_cond_timedwait(&r->more, &r->lock, (uint64_t)seconds * 1000000000u);
    struct item *i = r->first;
    if (i != NULL) {
        r->first = i->next;
        r->waiting -= i->line.len;
        if (r->first == NULL)
            r->end = &r->first;
    }
    *closing = r->closing && i == NULL;
    uv_mutex_unlock(&r->lock);
    return i;
}

static int64_t seconds_now(void)
{
    return (int64_t)(uv_hrtime() / 1000000000u);
}

static void run(void *user)
{
    struct recorder *r = user;
    int64_t sweep = seconds_now();
    for (bool closing = false; !closing;) {
        if (seconds_now() >= sweep) {
            delete_old(r);
            sweep = seconds_now() + HOUR_S;
        }
        struct item *i = next_item(r, sweep - seconds_now(), &closing);
        if (i != NULL)
            run_item(r, i);
    }
}

/* ---- the loop ---- */

/* A folder that only this user can look into. */
static int open_folder(const char *dir, int *ret, coach_error *err)
{
    struct stat st;
    bool made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST)
        return coach_fail(err, COACH_EINVAL, "record_dir: %s: cannot be made: %s", dir, strerror(errno));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || (made && fchmod(fd, 0700) != 0)) {
        coach_fail(err, COACH_EINVAL, "record_dir: %s: %s", dir, strerror(errno));
    } else if (!made && (st.st_uid != geteuid() || (st.st_mode & 077) != 0)) {
        coach_fail(err, COACH_EINVAL,
                   "record_dir: %s: others may look into it; it must belong to the user of coachd, with mode 0700",
                   dir);
    } else {
        *ret = fd;
        return COACH_OK;
    }
    if (fd >= 0)
        close(fd);
    return COACH_EINVAL;
}

static int start(struct recorder *r, coach_error *err)
{
    if (uv_mutex_init(&r->lock) != 0)
        return coach_fail(err, COACH_EINTERNAL, "the recorder cannot be started");
    if (uv_cond_init(&r->more) == 0) {
        if (uv_thread_create(&r->thread, run, r) == 0)
            return COACH_OK;
        uv_cond_destroy(&r->more);
    }
    uv_mutex_destroy(&r->lock);
    return coach_fail(err, COACH_EINTERNAL, "the recorder cannot be started");
}

int recorder_open(struct recorder **ret, const char *dir, int64_t days, coach_error *err)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (r == NULL)
        return coach_fail_nomem(err);
    r->end = &r->first;
    r->days = days;
    r->dir = -1;
    int rc = open_folder(dir, &r->dir, err);
    if (rc == COACH_OK)
        rc = start(r, err);
    if (rc == COACH_OK) {
        *ret = r;
        return COACH_OK;
    }
    if (r->dir >= 0)
        close(r->dir);
    free(r);
    return rc;
}

static void push(struct recorder *r, struct item *i)
{
    uv_mutex_lock(&r->lock);
    r->waiting += i->line.len;
    *r->end = i;
    r->end = &i->next;
    uv_cond_signal(&r->more);
    uv_mutex_unlock(&r->lock);
}

static void leave(struct recorder *r, struct record *rec, enum item_kind kind)
{
    *(rec->prev != NULL ? &rec->prev->next : &r->open) = rec->next;
    if (rec->next != NULL)
        rec->next->prev = rec->prev;
    rec->last = (struct item){.rec = rec, .kind = kind};
    push(r, &rec->last);
}

void recorder_close(struct recorder *r)
{
    if (r == NULL)
        return;
    while (r->open != NULL)
        leave(r, r->open, ITEM_END);
    uv_mutex_lock(&r->lock);
    r->closing = true;
    uv_cond_signal(&r->more);
    uv_mutex_unlock(&r->lock);
    uv_thread_join(&r->thread);
    uv_cond_destroy(&r->more);
    uv_mutex_destroy(&r->lock);
    close(r->dir);
    free(r);
}

struct record *recorder_begin(struct recorder *r, const char *call_id)
{
    struct record *rec = calloc(1, sizeof *rec);
    if (rec == NULL) {
        count_given_up(r, "out of memory");
        return NULL;
    }
    write_stem(rec, call_id);
    rec->next = r->open;
    if (rec->next != NULL)
        rec->next->prev = rec;
    r->open = rec;
    return rec;
}

static bool has_room(struct recorder *r, size_t len)
{
    uv_mutex_lock(&r->lock);
    bool room = r->waiting + len <= RECORDER_QUEUE;
    uv_mutex_unlock(&r->lock);
    return room;
}

bool recorder_add(struct recorder *r, struct record *rec, struct buf *line)
{
    struct item *i = line->data != NULL && has_room(r, line->len) ? calloc(1, sizeof *i) : NULL;
    if (i == NULL) {
        buf_clear(line);
        leave(r, rec, ITEM_GIVE_UP);
        return false;
    }
    *i = (struct item){.rec = rec, .kind = ITEM_LINE, .line = *line};
    buf_init(line, 0);
    push(r, i);
    return true;
}

void recorder_end(struct recorder *r, struct record *rec)
{
    leave(r, rec, ITEM_END);
}

void recorder_count(struct recorder *r, struct recorder_counts *ret)
{
    uv_mutex_lock(&r->lock);
    *ret = r->counts;
    uv_mutex_unlock(&r->lock);
}
