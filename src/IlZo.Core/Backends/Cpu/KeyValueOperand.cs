namespace IlZo.Backends.Cpu;

/// <summary>A segment's keys and values of one head, as <see cref="AttentionEngine"/> packed them into a worker's buffers.</summary>
/// <param name="keys">The keys.</param>
/// <param name="values">The values.</param>
/// <param name="size">Features of the head.</param>
/// <param name="count">Keys.</param>
/// <param name="scratch">The worker's buffers.</param>
internal readonly unsafe struct KeyValueOperand(void* keys, void* values, int size, int count, WorkerScratch scratch)
{
    public void* Keys => keys;

    public void* Values => values;

    public int Size => size;

    public int Count => count;

    public WorkerScratch Scratch => scratch;
}
