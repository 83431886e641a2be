#include "lib/engine/engine.h"

const char *engine_moment_name(enum engine_moment moment)
{
    static const char *const names[] = {
        [ENGINE_HEARD] = "heard",         [ENGINE_OPENED] = "opened",     [ENGINE_ADVANCED] = "advanced",
        [ENGINE_CANCELLED] = "cancelled", [ENGINE_EXPIRED] = "expired",   [ENGINE_CLOSED] = "closed",
        [ENGINE_FIRED] = "fired",         [ENGINE_MEASURED] = "measured", [ENGINE_STOOD_DOWN] = "stood_down",
        [ENGINE_SKIPPED] = "skipped",     [ENGINE_DROPPED] = "dropped",   [ENGINE_TOOK_BACK] = "took_back"};
    return names[moment];
}
