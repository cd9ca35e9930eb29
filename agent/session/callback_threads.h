// Works around gRPC 1.51's callback threads, which end with the last channel.
#ifndef DROVER_AGENT_SESSION_CALLBACK_THREADS_H_
#define DROVER_AGENT_SESSION_CALLBACK_THREADS_H_

namespace drover::agent {

// Keeps gRPC's callback threads for the life of the process. Without it they are ended and joined
// when the last channel goes; where that is in a reaction, as after a lost connection, a thread
// joins itself and the process aborts ("assertion failed: prior > 0"). Any number of calls; thread
// safe.
void KeepCallbackThreads();

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_CALLBACK_THREADS_H_
