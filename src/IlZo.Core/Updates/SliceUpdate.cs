using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>The law of a rule over a slice, in vectors and for what they leave over in single numbers.</summary>
internal readonly unsafe struct SliceUpdate(UpdateRule rule, WeightSlice slice, float* weights, float* gradient, int count, float kept, float rate) : IVectorWork
{
    public void Do<TVector, TSimd>()
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        int whole = count - (count % TSimd.Width);
        Run<TVector, TSimd>(0, whole);
        if (whole < count)
        {
            Run<float, Scalar>(whole, count);
        }
    }

    private void Run<TVector, TSimd>(int first, int end)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var loop = new Loop<TVector, TSimd>(slice, weights, gradient, count, first, end);
        rule.Accept<TVector, TSimd, Loop<TVector, TSimd>>(slice.Parameter, new StepLaw<TVector, TSimd>(kept, rate), ref loop);
    }

    private readonly struct Loop<TVector, TSimd>(WeightSlice slice, float* weights, float* gradient, int count, int start, int end)
        : IUpdateLawVisitor<TVector>
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        [SkipLocalsInit]
        public void Visit<TLaw>(TLaw law, ElementNumbers first, ElementNumbers second)
            where TLaw : struct, IUpdateLaw<TVector>
        {
            if (first.Source is null && second.Source is null)
            {
                // Nothing is kept: a step of the weight alone.
                for (int i = start; i < end; i += TSimd.Width)
                {
                    var element = default(UpdatedElement<TVector>);
                    element.Weight = TSimd.Load(weights + i);
                    element.Gradient = TSimd.Load(gradient + i);
                    TSimd.Store(law.Apply(element).Weight, weights + i);
                }

                return;
            }

            float* buffers = stackalloc float[2 * RowSums.Slice];
            float* one = first.At(slice, count, buffers);
            float* two = second.At(slice, count, buffers + RowSums.Slice);
            for (int i = start; i < end; i += TSimd.Width)
            {
                var element = default(UpdatedElement<TVector>);
                element.Weight = TSimd.Load(weights + i);
                element.Gradient = TSimd.Load(gradient + i);
                element.First = one is null ? default : TSimd.Load(one + i);
                element.Second = two is null ? default : TSimd.Load(two + i);
                element = law.Apply(element);
                TSimd.Store(element.Weight, weights + i);
                if (one is not null)
                {
                    TSimd.Store(element.First, one + i);
                }

                if (two is not null)
                {
                    TSimd.Store(element.Second, two + i);
                }
            }
        }
    }
}
