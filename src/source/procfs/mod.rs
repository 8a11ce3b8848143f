//! What `/proc` tells: who holds which socket, counters, names. The root is a parameter.
