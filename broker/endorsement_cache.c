/* SPDX-License-Identifier: EUPL-1.2 */
/* A hash table with chaining over one array of entries, and a list by last use. The keys are digests, so their first bytes are the hash; an
 * attacker who could choose bytes to collide would have to find partial collisions of SHA-256 over bytes that operators sign. */
#include "broker/endorsement_cache.h"

#include <stdlib.h>
#include <string.h>

enum { NO_ENTRY = UINT32_MAX };

struct entry {
    struct lk_digest key;
    struct lk_endorsement_cached value;
    uint32_t chain; /* next with the same hash */
    uint32_t newer;
    uint32_t older;
};

struct lk_endorsement_cache {
    uint32_t max;
    uint32_t count;
    uint32_t newest;
    uint32_t oldest;
    uint32_t bucket_mask;
    uint32_t *buckets;
    struct entry *entries;
};

int lk_endorsement_cache_new(uint32_t entries, struct lk_endorsement_cache **ret_cache)
{
    struct lk_endorsement_cache *cache = calloc(1, sizeof(*cache));
    uint32_t buckets = 1;

    if (cache == NULL)
        return -LK_ERR_NOMEM;
    cache->max = entries == 0                        ? 1
                 : entries > LK_BROKER_SUBJECT_CACHE ? LK_BROKER_SUBJECT_CACHE
                                                     : entries;
    while (buckets < cache->max)
        buckets *= 2;
    cache->bucket_mask = buckets - 1;
    cache->newest = NO_ENTRY;
    cache->oldest = NO_ENTRY;
    cache->buckets = malloc(buckets * sizeof(cache->buckets[0]));
    cache->entries = calloc(cache->max, sizeof(cache->entries[0]));
    if (cache->buckets == NULL || cache->entries == NULL) {
        (void)lk_endorsement_cache_free(cache);
        return -LK_ERR_NOMEM;
    }
    memset(cache->buckets, 0xff, buckets * sizeof(cache->buckets[0]));
    *ret_cache = cache;
    return 0;
}

struct lk_endorsement_cache *lk_endorsement_cache_free(struct lk_endorsement_cache *cache)
{
    if (cache == NULL)
        return NULL;
    free(cache->buckets);
    free(cache->entries);
    free(cache);
    return NULL;
}

static uint32_t *cache_bucket(struct lk_endorsement_cache *cache, const struct lk_digest *key)
{
    uint32_t hash;

    memcpy(&hash, key->bytes, sizeof(hash));
    return &cache->buckets[hash & cache->bucket_mask];
}

static void cache_unlink_use(struct lk_endorsement_cache *cache, uint32_t index)
{
    const struct entry *entry = &cache->entries[index];

    if (entry->newer != NO_ENTRY)
        cache->entries[entry->newer].older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older != NO_ENTRY)
        cache->entries[entry->older].newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void cache_link_newest(struct lk_endorsement_cache *cache, uint32_t index)
{
    struct entry *entry = &cache->entries[index];

    entry->newer = NO_ENTRY;
    entry->older = cache->newest;
    if (cache->newest != NO_ENTRY)
        cache->entries[cache->newest].newer = index;
    else
        cache->oldest = index;
    cache->newest = index;
}

struct lk_endorsement_cached *lk_endorsement_cache_find(struct lk_endorsement_cache *cache,
                                                        const struct lk_digest *key)
{
    for (uint32_t index = *cache_bucket(cache, key); index != NO_ENTRY;
         index = cache->entries[index].chain) {
        if (memcmp(cache->entries[index].key.bytes, key->bytes, sizeof(key->bytes)) != 0)
            continue;
        cache_unlink_use(cache, index);
        cache_link_newest(cache, index);
        return &cache->entries[index].value;
    }
    return NULL;
}

/* The place of the one that was not used for the longest time. */
static uint32_t cache_evict(struct lk_endorsement_cache *cache)
{
    uint32_t index = cache->oldest;
    uint32_t *place = cache_bucket(cache, &cache->entries[index].key);

    while (*place != index)
        place = &cache->entries[*place].chain;
    *place = cache->entries[index].chain;
    cache_unlink_use(cache, index);
    return index;
}

struct lk_endorsement_cached *lk_endorsement_cache_put(struct lk_endorsement_cache *cache,
                                                       const struct lk_digest *key,
                                                       enum lk_reason reason)
{
    struct lk_endorsement_cached *found = lk_endorsement_cache_find(cache, key);
    uint32_t *bucket = cache_bucket(cache, key);
    uint32_t index;

    if (found == NULL) {
        index = cache->count < cache->max ? cache->count++ : cache_evict(cache);
        cache->entries[index].key = *key;
        cache->entries[index].chain = *bucket;
        *bucket = index;
        cache_link_newest(cache, index);
        found = &cache->entries[index].value;
    }
    *found = (struct lk_endorsement_cached){.reason = reason};
    return found;
}

size_t lk_endorsement_cache_count(const struct lk_endorsement_cache *cache)
{
    return cache->count;
}
