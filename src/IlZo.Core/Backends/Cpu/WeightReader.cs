using System.Runtime.Intrinsics;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Reads slices of weights at every probe of a pass: one read, one widening and one generation of noise for all probes along
/// one direction. This is the only way the forward pass sees weights; those that are not trained are the same at every probe.
/// </summary>
internal static unsafe class WeightReader
{
    // Slices are read row by row and a row apart, which the processor's own prefetching does not see coming.
    private const int PrefetchRows = 4;

    /// <summary>Packs a slice of consecutive rows for <see cref="Panel.Multiply"/>, once for each probe.</summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="row">The first row.</param>
    /// <param name="rows">Rows to pack; zero rows follow up to <see cref="Panel.Padded"/>.</param>
    /// <param name="column">The first column, a multiple of <see cref="Panel.Depth"/>.</param>
    /// <param name="depth">Columns to pack, at most <see cref="Panel.Depth"/>.</param>
    /// <param name="probes">The points to read at.</param>
    /// <param name="packed">Receives [probe][padded row][<see cref="Panel.Stride"/>].</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void Pack(
        Parameter weight, int row, int rows, int column, int depth, IReadOnlyList<Probe> probes, float* packed, WorkerScratch scratch)
    {
        int padded = Panel.Padded(rows);
        long probeStride = (long)padded * Panel.Stride;
        for (int r = 0; r < rows; r++)
        {
            Read(weight, row + r, column, depth, probes, packed + ((long)r * Panel.Stride), probeStride, scratch);
        }

        for (int p = 0; p < probes.Count; p++)
        {
            new Span<float>(packed + (p * probeStride) + ((long)rows * Panel.Stride), (padded - rows) * Panel.Stride).Clear();
        }
    }

    /// <summary>
    /// Floats from one packed row to the next in <see cref="PackTransposed"/>: an odd number of cache lines, so that the same outputs of
    /// consecutive rows do not compete for cache sets.
    /// </summary>
    public static int TransposedStride(int columns) => ((columns + NoiseField.Group - 1) / NoiseField.Group * NoiseField.Group) + 16;

    /// <summary>Packs a slice of consecutive columns for <see cref="Panel.MultiplyTransposed"/>, once for each probe.</summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="row">The first row.</param>
    /// <param name="depth">Rows to pack, at most <see cref="Panel.Depth"/>.</param>
    /// <param name="column">The first column, a multiple of <see cref="NoiseField.Group"/>.</param>
    /// <param name="columns">Columns to pack.</param>
    /// <param name="probes">The points to read at.</param>
    /// <param name="packed">Receives [probe][<see cref="Panel.Depth"/> rows][<see cref="TransposedStride"/>].</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void PackTransposed(
        Parameter weight, int row, int depth, int column, int columns, IReadOnlyList<Probe> probes, float* packed, WorkerScratch scratch)
    {
        int stride = TransposedStride(columns);
        long probeStride = (long)Panel.Depth * stride;
        for (int r = 0; r < depth; r++, packed += stride)
        {
            for (int c = 0; c < columns; c += Panel.Depth)
            {
                int count = Math.Min(Panel.Depth, columns - c);
                Read(weight, row + r, column + c, count, probes, packed + c, probeStride, scratch);
            }
        }
    }

    /// <summary>Reads at most <see cref="Panel.Depth"/> elements of one row for every probe, <paramref name="probeStride"/> floats apart.</summary>
    public static void Read(
        Parameter weight, int row, int column, int count, IReadOnlyList<Probe> probes, float* destination, long probeStride, WorkerScratch scratch)
    {
        float* plain = weight.Type == DType.F32 ? (float*)weight.At(row, column) : scratch.Row;
        if (weight.Type != DType.F32)
        {
            Widening.Read(weight.Type, weight.At(row, column), plain, count);
        }

        if (row + PrefetchRows < weight.Rows)
        {
            CacheLines.Prefetch(weight.At(row + PrefetchRows, column), (long)count * weight.Type.Size());
        }

        Direction? filled = null;
        for (int p = 0; p < probes.Count; p++, destination += probeStride)
        {
            if (probes[p].Direction is not { } direction || !weight.IsTrained)
            {
                Buffer.MemoryCopy(plain, destination, count * 4L, count * 4L);
                continue;
            }

            if (!ReferenceEquals(filled, direction))
            {
                direction.Fill(weight, row, column, new Span<float>(scratch.Noise, count));
                filled = direction;
            }

            if (p + 1 < probes.Count && ReferenceEquals(probes[p + 1].Direction, direction))
            {
                float* second = destination + probeStride;
                AddScaled(plain, scratch.Noise, (float)probes[p].Radius, (float)probes[p + 1].Radius, destination, second, count);
                p++;
                destination = second;
            }
            else
            {
                AddScaled(plain, scratch.Noise, (float)probes[p].Radius, destination, count);
            }
        }
    }

    /// <summary>A whole vector (a bias, a norm's weight) at every probe, as [probe][column].</summary>
    public static void ReadVector(Parameter vector, IReadOnlyList<Probe> probes, float* destination, WorkerScratch scratch)
    {
        for (int column = 0; column < vector.Columns; column += Panel.Depth)
        {
            int count = Math.Min(Panel.Depth, vector.Columns - column);
            Read(vector, 0, column, count, probes, destination + column, vector.Columns, scratch);
        }
    }

    // destination = a + s·b, fused so that every vector width rounds alike.
    private static void AddScaled(float* a, float* b, float s, float* destination, int count)
    {
        int i = 0;
        var scale = Vector512.Create(s);
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512.FusedMultiplyAdd(Vector512.Load(b + i), scale, Vector512.Load(a + i)).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = float.FusedMultiplyAdd(b[i], s, a[i]);
        }
    }

    // The same for two probes along one direction, which read the slice and its noise once.
    private static void AddScaled(float* a, float* b, float s, float t, float* first, float* second, int count)
    {
        int i = 0;
        var firstScale = Vector512.Create(s);
        var secondScale = Vector512.Create(t);
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var weight = Vector512.Load(a + i);
            var noise = Vector512.Load(b + i);
            Vector512.FusedMultiplyAdd(noise, firstScale, weight).Store(first + i);
            Vector512.FusedMultiplyAdd(noise, secondScale, weight).Store(second + i);
        }

        for (; i < count; i++)
        {
            first[i] = float.FusedMultiplyAdd(b[i], s, a[i]);
            second[i] = float.FusedMultiplyAdd(b[i], t, a[i]);
        }
    }
}
