using System.Runtime.CompilerServices;
using IlZo.Arithmetic;

namespace IlZo.Updates;

/// <summary>θ ← kθ − ηĝ with k = 1 − ηλ, which most rules end with.</summary>
/// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
/// <typeparam name="TMath">Their operations.</typeparam>
public readonly struct StepLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _rate;
    private readonly float _kept;
    private readonly float _back;

    /// <param name="kept">k.</param>
    /// <param name="rate">η; with 0 no weight changes.</param>
    public StepLaw(float kept, float rate)
    {
        _rate = rate;
        _kept = kept;
        _back = -rate;
    }

    /// <summary>η.</summary>
    public float Rate => _rate;

    /// <summary>k.</summary>
    public T Kept => TMath.Broadcast(_kept);

    /// <summary>−η.</summary>
    public T Back => TMath.Broadcast(_back);

    /// <summary>The new weight.</summary>
    // −0 + 0·ĝ may be +0: without this a rate of zero would change bytes. GPUs choose between two results faster than they branch.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Move(T weight, T gradient)
    {
        var moved = TMath.FusedMultiplyAdd(gradient, Back, TMath.Multiply(weight, Kept));
        return _rate == 0 ? weight : moved;
    }

    /// <summary>The element with the new weight.</summary>
    /// <param name="element">The weight and its gradient; what else there is of it stays.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        element.Weight = Move(element.Weight, element.Gradient);
        return element;
    }
}
