using System.Numerics.Tensors;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// z + (θ̄ − θ)·s: with s = 1/r a probe at radius r sees θ̄ + r z. Where the weights are the kept ones it is z to the bit.
/// </summary>
/// <param name="inner">z.</param>
/// <param name="snapshot">θ̄.</param>
/// <param name="scale">s.</param>
internal sealed unsafe class SnapshotDirection(Direction inner, WeightCopy snapshot, double scale) : Direction
{
    internal Direction Inner => inner;

    internal WeightCopy Snapshot => snapshot;

    internal float Scale => (float)scale;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        float* buffer = stackalloc float[RowSums.Slice];
        Span<float> kept = stackalloc float[RowSums.Slice];
        for (int start = 0; start < destination.Length; start += RowSums.Slice)
        {
            var part = destination.Slice(start, Math.Min(RowSums.Slice, destination.Length - start));
            Widening.Read(parameter.Type, parameter.At(row, column + start), buffer, part.Length);
            var distance = new Span<float>(buffer, part.Length);
            snapshot.Read(new WeightSlice(parameter, row, column + start), kept[..part.Length]);
            TensorPrimitives.Subtract(kept[..part.Length], distance, distance);
            TensorPrimitives.FusedMultiplyAdd(distance, Scale, part, part);
        }
    }
}
