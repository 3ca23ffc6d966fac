using IlZo.Updates;

namespace IlZo.Kernels;

/// <summary>What an update makes of a weight and its gradient.</summary>
public interface IRule
{
    /// <summary>Whether it reads or keeps numbers, which only elements that the tensor has have.</summary>
    static abstract bool HasNumbers { get; }

    /// <param name="index">The element's number in its tensor.</param>
    /// <param name="column">Its column.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="gradient">Its estimated gradient.</param>
    /// <returns>The new weight, before it is rounded.</returns>
    float Apply(long index, int column, float weight, float gradient);
}

/// <summary>The law of an <see cref="UpdateRule"/> and the numbers that it reads and keeps.</summary>
public readonly struct LawRule<TLaw, TFirst, TSecond>(TLaw law, TFirst first, TSecond second) : IRule
    where TLaw : struct, IUpdateLaw<float>
    where TFirst : struct, INumbers
    where TSecond : struct, INumbers
{
    private readonly TLaw _law = law;
    private readonly TFirst _first = first;
    private readonly TSecond _second = second;

    public static bool HasNumbers => TFirst.AreThere || TSecond.AreThere;

    public float Apply(long index, int column, float weight, float gradient)
    {
        var element = default(UpdatedElement<float>);
        element.Weight = weight;
        element.Gradient = gradient;
        element.First = _first.Load(index, column);
        element.Second = _second.Load(index, column);
        element = _law.Apply(element);
        _first.Store(index, element.First);
        _second.Store(index, element.Second);
        return element.Weight;
    }
}
