namespace IlZo.Kernels;

/// <summary>Probes that a kernel reads weights for: one, or two along one direction, which share the read and the noise.</summary>
public interface IProbes
{
    static abstract bool AreTwo { get; }
}

/// <summary>One probe.</summary>
public readonly struct OneProbe : IProbes
{
    public static bool AreTwo => false;
}

/// <summary>Two probes along one direction.</summary>
public readonly struct TwoProbes : IProbes
{
    public static bool AreTwo => true;
}

/// <summary>A tensor as probes see it: θ + rδ.</summary>
public struct PerturbedWeights<TDirection>
    where TDirection : struct, IDirection
{
    /// <summary>The tensor, row-major.</summary>
    public WeightView Weights;

    /// <summary>Its columns.</summary>
    public int Columns;

    /// <summary>What δ reads.</summary>
    public TDirection Direction;

    /// <summary>Which δ it is.</summary>
    public Term Term;

    /// <summary>r of the first probe.</summary>
    public float Radius0;

    /// <summary>r of the second probe.</summary>
    public float Radius1;

    /// <summary>θ and δ of the elements of a block, which must begin inside of the tensor.</summary>
    public readonly PerturbedBlock Read<TFormat>(NoiseBlock block)
        where TFormat : struct, IWeightFormat
    {
        var weights = TFormat.Read(Weights, block);
        return new PerturbedBlock(weights, TDirection.IsPerturbed ? Direction.Elements(Term, block, weights) : default);
    }

    /// <summary>δ of the elements of a block alone.</summary>
    public readonly Eight Elements<TFormat>(NoiseBlock block)
        where TFormat : struct, IWeightFormat
    {
        var weights = TDirection.ReadsWeights ? TFormat.Read(Weights, block) : default;
        return TDirection.IsPerturbed ? Direction.Elements(Term, block, weights) : default;
    }
}

/// <summary>θ and δ of the elements of a block.</summary>
public readonly struct PerturbedBlock(Eight weights, Eight elements)
{
    private readonly Eight _elements = elements;
    private readonly Eight _weights = weights;

    /// <summary>θ + rδ of an element.</summary>
    public float At(int index, float radius) => DeviceMath.FusedMultiplyAdd(_elements.At(index), radius, _weights.At(index));
}
