using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>The law of a rule over a slice, in vectors and for what they leave over in single numbers.</summary>
internal readonly unsafe struct SliceUpdate(
    UpdateRule rule, WeightSlice slice, float* weights, float* gradient, int count, float kept, float rate) : IVectorWork
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
                Move(law);
                return;
            }

            float* buffers = stackalloc float[2 * RowSums.Slice];
            Move(law, first.At(slice, count, buffers), second.At(slice, count, buffers + RowSums.Slice));
        }

        // The loops are methods of their own: where a method has buffers on the stack, numbers do not stay in registers.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Move<TLaw>(TLaw law)
            where TLaw : struct, IUpdateLaw<TVector>
        {
            for (int i = start; i < end; i += TSimd.Width)
            {
                TSimd.Store(law.Apply(Load(i)).Weight, weights + i);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Move<TLaw>(TLaw law, float* first, float* second)
            where TLaw : struct, IUpdateLaw<TVector>
        {
            for (int i = start; i < end; i += TSimd.Width)
            {
                var element = Load(i);
                element.First = first is null ? default : TSimd.Load(first + i);
                element.Second = second is null ? default : TSimd.Load(second + i);
                element = law.Apply(element);
                TSimd.Store(element.Weight, weights + i);
                if (first is not null)
                {
                    TSimd.Store(element.First, first + i);
                }

                if (second is not null)
                {
                    TSimd.Store(element.Second, second + i);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private UpdatedElement<TVector> Load(int i) => new() { Weight = TSimd.Load(weights + i), Gradient = TSimd.Load(gradient + i) };
    }
}
