using IlZo.Noise;

namespace IlZo.Training;

/// <summary>
/// Which training examples each step sees: every pass over the data is a fresh permutation, and batches run on from one pass into
/// the next. A step's batch is a function of the seed and the step alone.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="count">Training examples.</param>
/// <param name="batchSize">Examples a step.</param>
internal sealed class DataOrder(ulong seed, int count, int batchSize)
{
    private readonly Dictionary<long, int[]> _passes = [];

    /// <summary>The indices of a step's examples.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public int[] Batch(long step)
    {
        int[] batch = new int[batchSize];
        long first = (step - 1) * batchSize;
        for (int i = 0; i < batchSize; i++)
        {
            batch[i] = Pass((first + i) / count)[(first + i) % count];
        }

        return batch;
    }

    /// <summary>The indices of a further batch of a step: a fresh sample without replacement, as far as there are examples.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="draw">Which further batch, counted from 1.</param>
    public int[] Draw(long step, int draw)
    {
        int[] order = Permutation(new NoiseKey(seed, NoiseStream.DataOrder, (uint)step, (uint)draw));
        return [.. Enumerable.Range(0, batchSize).Select(i => order[i % count])];
    }

    private int[] Pass(long pass)
    {
        if (!_passes.TryGetValue(pass, out int[]? order))
        {
            _passes.Remove(pass - 2);
            _passes[pass] = order = Permutation(new NoiseKey(seed, NoiseStream.DataOrder, (uint)pass, 0));
        }

        return order;
    }

    // Fisher–Yates; index = ⌊word · range / 2³²⌋ is uniform to 2⁻³² · range.
    private int[] Permutation(NoiseKey key)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)(((ulong)key.Word(i) * (ulong)(i + 1)) >> 32);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
