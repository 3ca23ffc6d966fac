using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Attention's arithmetic for panels of 32 queries: scores, their softmax over the keys, and the values that it weights. Keys and values
/// are packed once for a segment and a key/value head; all query heads that share it and all their panels read them. Keys that come before
/// the window of a panel's first query are left out: they would add nothing to any sum.
/// </summary>
internal abstract unsafe class AttentionEngine
{
    /// <summary>Features that a head may have.</summary>
    public virtual int LongestHead => int.MaxValue;

    /// <summary>The first key of a panel is a multiple of this.</summary>
    public abstract int KeyStep { get; }

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

    /// <summary>scores[key][32] = K · Q for the keys from <paramref name="first"/> to <paramref name="end"/>.</summary>
    /// <param name="operand">The keys.</param>
    /// <param name="queries">The panel [feature][32], scaled.</param>
    /// <param name="first">A multiple of <see cref="KeyStep"/>; no query of the panel sees a key before it.</param>
    /// <param name="end">One more than the last key that some query of the panel sees.</param>
    /// <param name="lanes">Queries of the panel, from the first on; others may be computed.</param>
    /// <param name="scores">Key 0's; receives <see cref="ScoreRows"/> of the end, without those before the first.</param>
    public abstract void Score(in KeyValueOperand operand, float* queries, int first, int end, int lanes, float* scores);

    /// <summary>result[feature][32] = Vᵀ · softmax(scores) over the keys from <paramref name="first"/> to <paramref name="end"/>.</summary>
    /// <param name="operand">The values.</param>
    /// <param name="scores">[key][32], −∞ where a query does not see a key, which then adds nothing to any sum; not kept.</param>
    /// <param name="first">As in <see cref="Score"/>.</param>
    /// <param name="end">As in <see cref="Score"/>.</param>
    /// <param name="lanes">Queries of the panel, from the first on; others may be computed.</param>
    /// <param name="result">Receives <see cref="ResultRows"/>.</param>
    public abstract void Mix(in KeyValueOperand operand, float* scores, int first, int end, int lanes, float* result);

    /// <summary>Divides the result of each of 32 queries by a number.</summary>
    public static void Divide(float* result, int rows, float* sums)
    {
        for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
        {
            var inverse = Vector512<float>.One / Vector512.Load(sums + lane);
            for (int i = lane; i < rows * Panel.Lanes; i += Panel.Lanes)
            {
                (Vector512.Load(result + i) * inverse).Store(result + i);
            }
        }
    }
}
