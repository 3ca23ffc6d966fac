using IlZo.Arithmetic;
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

    /// <summary>
    /// Packs slices of consecutive rows for <see cref="Panel.Multiply"/>, once for each probe. Rows are read one after the other as far as
    /// the slices go, which is how memory is read fastest.
    /// </summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="row">The first row.</param>
    /// <param name="rows">Rows to pack; zero rows follow up to <see cref="Panel.Padded"/>.</param>
    /// <param name="column">The first column, a multiple of <see cref="Panel.Depth"/>.</param>
    /// <param name="depth">Columns to pack, <see cref="Panel.Depth"/> to a slice.</param>
    /// <param name="points">The points to read at.</param>
    /// <param name="packed">Receives [slice][probe][padded row][<see cref="Panel.Stride"/>].</param>
    /// <param name="sliceStride">Floats from one slice to the next.</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void Pack(
        Parameter weight, int row, int rows, int column, int depth, PassPoints points, float* packed, long sliceStride,
        WorkerScratch scratch)
    {
        int padded = Panel.Padded(rows);
        long probeStride = (long)padded * Panel.Stride;
        for (int r = 0; r < rows; r++)
        {
            Read(weight, row + r, column, depth, points, packed + ((long)r * Panel.Stride), probeStride, sliceStride, scratch);
        }

        for (int offset = 0; offset < depth; offset += Panel.Depth, packed += sliceStride)
        {
            for (int p = 0; p < points.Count; p++)
            {
                new Span<float>(packed + (p * probeStride) + ((long)rows * Panel.Stride), (padded - rows) * Panel.Stride).Clear();
            }
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
    /// <param name="points">The points to read at.</param>
    /// <param name="packed">Receives [probe][<see cref="Panel.Depth"/> rows][<see cref="TransposedStride"/>].</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void PackTransposed(
        Parameter weight, int row, int depth, int column, int columns, PassPoints points, float* packed, WorkerScratch scratch)
    {
        int stride = TransposedStride(columns);
        long probeStride = (long)Panel.Depth * stride;
        for (int r = 0; r < depth; r++, packed += stride)
        {
            Read(weight, row + r, column, columns, points, packed, probeStride, Panel.Depth, scratch);
        }
    }

    /// <summary>Reads consecutive elements of one row for every probe, <paramref name="probeStride"/> floats apart.</summary>
    public static void Read(
        Parameter weight, int row, int column, int count, PassPoints points, float* destination, long probeStride,
        WorkerScratch scratch) =>
        Read(weight, row, column, count, points, destination, probeStride, Panel.Depth, scratch);

    // The elements of a row in slices of Panel.Depth, with the noise of all of them generated at once.
    private static void Read(
        Parameter weight, int row, int column, int count, PassPoints points, float* destination, long probeStride, long sliceStride,
        WorkerScratch scratch)
    {
        if (row + PrefetchRows < weight.Rows)
        {
            var (next, bytes) = weight.BytesOf(row + PrefetchRows, column, count);
            CacheLines.Prefetch((byte*)next, bytes);
        }

        for (int p = 0; p < points.Probes.Count; p++)
        {
            var probe = points.Probes[p];
            float* noise = null;
            if (probe is { Direction: { } direction, IsDerivative: false } && weight is { IsTrained: true, Scales: null })
            {
                noise = scratch.Noise(count);
                direction.Fill(weight, row, column, new Span<float>(noise, count));
            }

            float* to = destination;
            for (int offset = 0; offset < count; offset += Panel.Depth, to += sliceStride)
            {
                int length = Math.Min(Panel.Depth, count - offset);
                if (noise != null)
                {
                    WritePerturbed(weight, row, column + offset, length, probe, noise + offset, to, probeStride);
                }
                else
                {
                    ReadSlice(weight, row, column + offset, length, probe, to, probeStride, scratch);
                }
            }

            destination += probe.Points * probeStride;
        }
    }

    private static void WritePerturbed(
        Parameter weight, int row, int column, int count, Probe probe, float* noise, float* destination, long probeStride)
    {
        byte* source = weight.At(row, column);
        float radius = (float)probe.Radius;
        if (probe.Second is { } second)
        {
            PerturbedWeights.Write(weight.Type, source, noise, radius, destination, (float)second, destination + probeStride, count);
        }
        else
        {
            PerturbedWeights.Write(weight.Type, source, noise, radius, destination, count);
        }
    }

    // What is not trained, tangents, and elements whose scales are trained.
    private static void ReadSlice(
        Parameter weight, int row, int column, int count, Probe probe, float* destination, long probeStride, WorkerScratch scratch)
    {
        if (probe.IsDerivative)
        {
            ReadWithTangent(weight, row, column, count, probe.Direction!, destination, destination + probeStride, scratch);
        }
        else if (probe.Direction is not null && weight.Scales is { IsTrained: true } scales)
        {
            PerturbedScales.Read(weight, scales, row, column, count, probe, destination, probeStride, scratch);
        }
        else
        {
            for (int point = 0; point < probe.Points; point++)
            {
                Widening.Read(weight, row, column, destination + (point * probeStride), count);
            }
        }
    }

    // The stored elements, and those of the direction, which are zero where nothing is trained.
    private static void ReadWithTangent(
        Parameter weight, int row, int column, int count, Direction direction, float* values, float* tangents, WorkerScratch scratch)
    {
        Widening.Read(weight, row, column, values, count);
        var trained = weight.Scales ?? weight;
        if (!trained.IsTrained || !direction.Covers(trained))
        {
            new Span<float>(tangents, count).Clear();
        }
        else if (weight.Scales is { } scales)
        {
            PerturbedScales.ReadTangent(weight, scales, row, column, count, direction, tangents, scratch);
        }
        else
        {
            direction.Fill(weight, row, column, new Span<float>(tangents, count));
        }
    }

    /// <summary>A whole vector (a bias, a norm's weight) at every probe, as [probe][column].</summary>
    public static void ReadVector(Parameter vector, PassPoints points, float* destination, WorkerScratch scratch)
    {
        for (int column = 0; column < vector.Columns; column += Panel.Depth)
        {
            int count = Math.Min(Panel.Depth, vector.Columns - column);
            Read(vector, 0, column, count, points, destination + column, vector.Columns, scratch);
        }
    }
}
