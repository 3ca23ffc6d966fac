using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// A direction made of another one, element by element. It states a law, which the processor's vectors and a GPU's kernels compute alike,
/// and what the law reads; what it changes may be changed itself.
/// </summary>
/// <param name="inner">The direction that is changed.</param>
public abstract unsafe class ChangedDirection(Direction inner) : Direction
{
    /// <summary>The direction that is changed.</summary>
    public Direction Inner => inner;

    /// <summary>Whether elements of a tensor differ from those of the direction that is changed.</summary>
    public virtual bool Changes(Parameter parameter) => true;

    /// <summary>What the law reads beside the weight.</summary>
    public virtual ElementNumbers Numbers(Parameter parameter) => default;

    /// <summary>The factors of a tensor: one for all rows, or one for each.</summary>
    public virtual int FactorCount(Parameter parameter) => 1;

    /// <summary>The factor of a row.</summary>
    public virtual float Factor(Parameter parameter, int row) => 1;

    /// <summary>Hands the law to a visitor.</summary>
    /// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
    /// <typeparam name="TMath">Their operations.</typeparam>
    /// <typeparam name="TVisitor">What is done with the law.</typeparam>
    /// <param name="visitor">What is done with the law.</param>
    public abstract void Accept<T, TMath, TVisitor>(ref TVisitor visitor)
        where T : struct
        where TMath : struct, IArithmetic<T>
        where TVisitor : struct, IDirectionLawVisitor<T>;

    /// <inheritdoc/>
    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        if (!Changes(parameter))
        {
            return;
        }

        var (numbers, factor) = (Numbers(parameter), Factor(parameter, row));
        fixed (float* elements = destination)
        {
            for (int start = 0; start < destination.Length; start += RowSums.Slice)
            {
                int count = Math.Min(RowSums.Slice, destination.Length - start);
                VectorWidth.Use(
                    new Change(this, new WeightSlice(parameter, row, column + start), elements + start, count, numbers, factor));
            }
        }
    }

    private readonly struct Change(
        ChangedDirection direction, WeightSlice slice, float* elements, int count, ElementNumbers numbers, float factor)
        : IVectorWork
    {
        [SkipLocalsInit]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            float* weights = stackalloc float[RowSums.Slice];
            float* buffer = stackalloc float[RowSums.Slice];
            float* read = numbers.At(slice, count, buffer);
            int whole = count - (count % TSimd.Width);
            var vectors = new Loop<TVector, TSimd>(slice, elements, weights, read, 0, whole, factor);
            direction.Accept<TVector, TSimd, Loop<TVector, TSimd>>(ref vectors);
            if (whole < count)
            {
                var rest = new Loop<float, Scalar>(slice, elements, weights, read, whole, count, factor);
                direction.Accept<float, Scalar, Loop<float, Scalar>>(ref rest);
            }
        }
    }

    private readonly struct Loop<TVector, TSimd>(
        WeightSlice slice, float* elements, float* weights, float* numbers, int first, int end, float factor)
        : IDirectionLawVisitor<TVector>
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        public void Visit<TLaw>(TLaw law)
            where TLaw : struct, IDirectionLaw<TVector>
        {
            if (TLaw.ReadsWeight)
            {
                Widening.Read(slice.Parameter.Type, slice.Parameter.At(slice.Row, slice.Column + first), weights + first, end - first);
            }

            var wide = TSimd.Broadcast(factor);
            for (int i = first; i < end; i += TSimd.Width)
            {
                var weight = TLaw.ReadsWeight ? TSimd.Load(weights + i) : default;
                var number = numbers is null ? default : TSimd.Load(numbers + i);
                TSimd.Store(law.Apply(TSimd.Load(elements + i), weight, number, wide), elements + i);
            }
        }
    }
}
