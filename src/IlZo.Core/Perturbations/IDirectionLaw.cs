namespace IlZo.Perturbations;

/// <summary>How an element of one direction becomes that of another, written once for every device.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IDirectionLaw<T>
    where T : struct
{
    /// <summary>Whether the law reads the stored weight.</summary>
    static abstract bool ReadsWeight { get; }

    /// <summary>Whether the law has a factor.</summary>
    static abstract bool HasFactor { get; }

    /// <summary>The element.</summary>
    /// <param name="inner">The element of the direction that is changed.</param>
    /// <param name="weight">The stored weight, where the law reads it.</param>
    /// <param name="number">What is known of the element beside it: <see cref="ChangedDirection.Numbers"/>.</param>
    /// <param name="factor">The row's factor, where the law has one: <see cref="ChangedDirection.Factor"/>.</param>
    T Apply(T inner, T weight, T number, T factor);
}

/// <summary>Something to do with the law of a direction.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IDirectionLawVisitor<T>
    where T : struct
{
    /// <summary>Does it.</summary>
    void Visit<TLaw>(TLaw law)
        where TLaw : struct, IDirectionLaw<T>;
}
