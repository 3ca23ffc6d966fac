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

    /// <summary>Packs a slice of consecutive rows for <see cref="Panel.Multiply"/>, once for each probe.</summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="row">The first row.</param>
    /// <param name="rows">Rows to pack; zero rows follow up to <see cref="Panel.Padded"/>.</param>
    /// <param name="column">The first column, a multiple of <see cref="Panel.Depth"/>.</param>
    /// <param name="depth">Columns to pack, at most <see cref="Panel.Depth"/>.</param>
    /// <param name="points">The points to read at.</param>
    /// <param name="packed">Receives [probe][padded row][<see cref="Panel.Stride"/>].</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void Pack(
        Parameter weight, int row, int rows, int column, int depth, PassPoints points, float* packed, WorkerScratch scratch)
    {
        int padded = Panel.Padded(rows);
        long probeStride = (long)padded * Panel.Stride;
        for (int r = 0; r < rows; r++)
        {
            Read(weight, row + r, column, depth, points, packed + ((long)r * Panel.Stride), probeStride, scratch);
        }

        for (int p = 0; p < points.Count; p++)
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
            for (int c = 0; c < columns; c += Panel.Depth)
            {
                int count = Math.Min(Panel.Depth, columns - c);
                Read(weight, row + r, column + c, count, points, packed + c, probeStride, scratch);
            }
        }
    }

    /// <summary>
    /// Reads at most <see cref="Panel.Depth"/> elements of one row for every probe, <paramref name="probeStride"/> floats apart.
    /// </summary>
    public static void Read(
        Parameter weight, int row, int column, int count, PassPoints points, float* destination, long probeStride,
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
            if (probe.IsDerivative)
            {
                ReadWithTangent(weight, row, column, count, probe.Direction!, destination, destination + probeStride, scratch);
                destination += probe.Points * probeStride;
                continue;
            }

            if (probe.Direction is not { } direction || !(weight.Scales ?? weight).IsTrained)
            {
                for (int point = 0; point < probe.Points; point++, destination += probeStride)
                {
                    Widening.Read(weight, row, column, destination, count);
                }

                continue;
            }

            if (weight.Scales is { } scales)
            {
                PerturbedScales.Read(weight, scales, row, column, count, probe, destination, probeStride, scratch);
                destination += probe.Points * probeStride;
                continue;
            }

            byte* source = weight.At(row, column);
            direction.Fill(weight, row, column, new Span<float>(scratch.Noise, count));
            float radius = (float)probe.Radius;
            if (probe.Second is { } second)
            {
                PerturbedWeights.Write(
                    weight.Type, source, scratch.Noise, radius, destination, (float)second, destination + probeStride, count);
            }
            else
            {
                PerturbedWeights.Write(weight.Type, source, scratch.Noise, radius, destination, count);
            }

            destination += probe.Points * probeStride;
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
