namespace IlZo.Backends.Cpu;

/// <summary>
/// Attention's two products, of keys and queries and of values and probabilities, for panels of 32 queries. Keys and values are packed once for a
/// segment and a key/value head; all query heads that share it and all their panels read them.
/// </summary>
internal abstract unsafe class AttentionEngine
{
    /// <summary>Rows that <see cref="Score"/> writes for some keys; what comes after the keys is not theirs.</summary>
    public abstract int ScoreRows(int keys);

    /// <summary>Rows that <see cref="Mix"/> writes for a head; what comes after its features is not theirs.</summary>
    public abstract int ResultRows(int headSize);

    /// <summary>Packs keys and values.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="probe">The probe to attend at.</param>
    /// <param name="segment">The segment that attends.</param>
    /// <param name="feature">The first feature of the key/value head.</param>
    /// <param name="size">Features of a head.</param>
    /// <param name="count">Keys of the segment.</param>
    /// <param name="scratch">The worker's buffers, which hold the result; <see cref="WorkerScratch.Tile"/> is left to the caller.</param>
    public abstract KeyValueOperand Pack(
        in KeyValueSource source, int probe, int segment, int feature, int size, int count, WorkerScratch scratch);

    /// <summary>scores[keys][32] = K · Q for the first <paramref name="visible"/> keys.</summary>
    /// <param name="operand">The keys.</param>
    /// <param name="queries">The panel [feature][32], scaled.</param>
    /// <param name="visible">Keys that some query of the panel sees.</param>
    /// <param name="lanes">Queries of the panel, from the first on; others may be computed.</param>
    /// <param name="scores">Receives <see cref="ScoreRows"/>.</param>
    public abstract void Score(in KeyValueOperand operand, float* queries, int visible, int lanes, float* scores);

    /// <summary>result[feature][32] = Vᵀ · P of the first <paramref name="visible"/> keys' values.</summary>
    /// <param name="operand">The values.</param>
    /// <param name="probabilities">[key][32], zero where a query does not see the key.</param>
    /// <param name="visible">Keys that some query of the panel sees.</param>
    /// <param name="lanes">Queries of the panel, from the first on; others may be computed.</param>
    /// <param name="result">Receives <see cref="ResultRows"/>.</param>
    public abstract void Mix(in KeyValueOperand operand, float* probabilities, int visible, int lanes, float* result);
}
