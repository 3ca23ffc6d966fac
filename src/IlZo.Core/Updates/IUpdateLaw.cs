using IlZo.Perturbations;

namespace IlZo.Updates;

/// <summary>An element of a tensor in an update.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public struct UpdatedElement<T>
    where T : struct
{
    /// <summary>The weight; after the law the new one, before it is rounded to the stored type.</summary>
    public T Weight;

    /// <summary>Its estimated gradient.</summary>
    public T Gradient;

    /// <summary>What is known of the element beside it; what a rule keeps is written back after the law.</summary>
    public T First;

    /// <summary>The second number, as <see cref="First"/>.</summary>
    public T Second;
}

/// <summary>What an update makes of an element, written once for every device.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IUpdateLaw<T>
    where T : struct
{
    /// <summary>The element after the update.</summary>
    UpdatedElement<T> Apply(UpdatedElement<T> element);
}

/// <summary>Something to do with the law of an update.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IUpdateLawVisitor<T>
    where T : struct
{
    /// <summary>Does it.</summary>
    /// <param name="law">The law of a tensor.</param>
    /// <param name="first">The numbers of <see cref="UpdatedElement{T}.First"/>.</param>
    /// <param name="second">The numbers of <see cref="UpdatedElement{T}.Second"/>.</param>
    void Visit<TLaw>(TLaw law, ElementNumbers first = default, ElementNumbers second = default)
        where TLaw : struct, IUpdateLaw<T>;
}
