namespace IlZo.Arithmetic;

/// <summary>A multiply-add that is rounded once.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IMultiplyAdd<T>
    where T : struct
{
    /// <summary>a·b + c, rounded once.</summary>
    static abstract T FusedMultiplyAdd(T a, T b, T c);
}

/// <summary>
/// What laws of elements are written in, so that one source serves vectors of any width on a processor and single numbers on a GPU. Every
/// operation is rounded once, to the nearest number, so all of them compute the same bits.
/// </summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
public interface IArithmetic<T> : IMultiplyAdd<T>
    where T : struct
{
    /// <summary>The same number in every lane.</summary>
    static abstract T Broadcast(float value);

    /// <summary>a + b.</summary>
    static abstract T Add(T a, T b);

    /// <summary>a − b.</summary>
    static abstract T Subtract(T a, T b);

    /// <summary>a·b.</summary>
    static abstract T Multiply(T a, T b);

    /// <summary>a/b.</summary>
    static abstract T Divide(T a, T b);

    /// <summary>√a.</summary>
    static abstract T Sqrt(T a);

    /// <summary>|a|.</summary>
    static abstract T Abs(T a);

    /// <summary>b where a is less, else a: a NaN in the place of a stays.</summary>
    static abstract T Max(T a, T b);

    /// <summary>One of two values in each lane, by whether a is less than b.</summary>
    static abstract T SelectBelow(T a, T b, T below, T otherwise);
}
