using IlZo.Arithmetic.Blocks;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// A slice of weights in blocks whose scales are perturbed: w = (s + εz)·q, where z is one number for each block.
/// </summary>
internal static unsafe class PerturbedScales
{
    /// <summary>Reads at most <see cref="Panel.Depth"/> elements of one row at the points of a probe.</summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="scales">The scales of its blocks.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The first column.</param>
    /// <param name="count">How many.</param>
    /// <param name="probe">A probe with a direction.</param>
    /// <param name="destination">Receives the elements at each point, <paramref name="probeStride"/> floats apart.</param>
    /// <param name="probeStride">Floats from one point to the next.</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void Read(
        Parameter weight, Parameter scales, int row, int column, int count, Probe probe, float* destination, long probeStride,
        WorkerScratch scratch)
    {
        var (first, blocks) = Fill(weight, scales, row, column, count, probe.Direction!, scratch, out float* z);
        float* moved = stackalloc float[Panel.Depth];
        for (int point = 0; point < probe.Points; point++, destination += probeStride)
        {
            float radius = (float)(point == 0 ? probe.Radius : probe.Second!.Value);
            PerturbedWeights.Write(DType.F32, scales.At(row, first), z, radius, moved, blocks);
            BlockRows.Read(weight.Type, weight.RowAt(row), moved - first, column, destination, count);
        }
    }

    /// <summary>Reads the tangents z·q of at most <see cref="Panel.Depth"/> elements of one row.</summary>
    /// <param name="weight">The tensor.</param>
    /// <param name="scales">The scales of its blocks.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The first column.</param>
    /// <param name="count">How many.</param>
    /// <param name="direction">What z is of.</param>
    /// <param name="destination">Receives the tangents.</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public static void ReadTangent(
        Parameter weight, Parameter scales, int row, int column, int count, Direction direction, float* destination, WorkerScratch scratch)
    {
        var (first, _) = Fill(weight, scales, row, column, count, direction, scratch, out float* z);
        BlockRows.Read(weight.Type, weight.RowAt(row), z - first, column, destination, count);
    }

    // Fills the elements of the scales of some weights, and tells the first and how many. A direction is filled from the start of a group
    // of noise on, which is before the blocks that are read.
    private static (int First, int Blocks) Fill(
        Parameter weight, Parameter scales, int row, int column, int count, Direction direction, WorkerScratch scratch, out float* z)
    {
        int elements = weight.Type.Layout().BlockElements;
        int first = column / elements / NoiseField.Group * NoiseField.Group;
        int blocks = ((column + count - 1) / elements) + 1 - first;
        z = scratch.Noise(blocks);
        direction.Fill(scales, row, first, new Span<float>(z, blocks));
        return (first, blocks);
    }
}
