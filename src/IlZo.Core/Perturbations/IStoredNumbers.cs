using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>Weights other than the model's own: those that it started from, or a copy of earlier ones.</summary>
internal interface IStoredNumbers
{
    /// <summary>Reads consecutive columns of one row.</summary>
    void Read(in WeightSlice slice, Span<float> destination);
}
