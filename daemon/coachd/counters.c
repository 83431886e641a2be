#include "daemon/coachd/counters.h"

const char *call_end_name(enum call_end end)
{
    static const char *const names[] = {"ended", "disconnected", "idle", "too_old", "transferred"};
    return names[end];
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"helpful", "not_helpful", "wrong"};
    return names[verdict];
}
