/*
 * A look at the bytes of an HDF5 file before HDF5 sees them: HDF5 1.14 loops for ever on texts
 * whose heap is damaged in a certain way.
 */
#ifndef SC_RECORD_H5_HEAP_H
#define SC_RECORD_H5_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Do the bytes begin as an HDF5 file, and do the objects in each of its global
 * heaps follow each other to the heap's end?  Says nothing of all the rest. */
bool sc_h5_has_sound_heaps(const unsigned char *bytes, size_t length);

#endif
