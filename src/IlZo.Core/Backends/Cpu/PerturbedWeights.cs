using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// W + s·z for a slice of stored weights, widened and perturbed in registers. The sum is rounded once, so that every width of vectors gives
/// the same bits.
/// </summary>
internal static unsafe class PerturbedWeights
{
    /// <summary>At one radius.</summary>
    public static void Write(DType type, byte* source, float* z, float radius, float* destination, int count) =>
        StoredWeights.Use(type, new Work(type, source, z, radius, destination, 0, null, count));

    /// <summary>At two radii along one direction, which read the slice and its noise once.</summary>
    public static void Write(
        DType type, byte* source, float* z, float radius, float* destination, float secondRadius, float* second, int count) =>
        StoredWeights.Use(type, new Work(type, source, z, radius, destination, secondRadius, second, count));

    private readonly struct Work(DType type, byte* source, float* z, float s, float* first, float t, float* second, int count) : IStoredWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IWeightFormat<TVector>
        {
            if (second == null)
            {
                Loop<TVector, TSimd, NoVector<TVector>, TFormat>();
            }
            else
            {
                Loop<TVector, TSimd, TSimd, TFormat>();
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Loop<TVector, TSimd, TSecond, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TSecond : struct, IAccumulator<TVector>
            where TFormat : struct, IWeightFormat<TVector>
        {
            var firstRadius = TSimd.Broadcast(s);
            var secondRadius = TSimd.Broadcast(t);
            int i = 0;
            for (; i <= count - TSimd.Width; i += TSimd.Width)
            {
                var weight = TFormat.Load(source + ((long)i * TFormat.Size));
                var noise = TSimd.Load(z + i);
                TSimd.Store(TSimd.FusedMultiplyAdd(noise, firstRadius, weight), first + i);
                TSecond.Store(TSecond.FusedMultiplyAdd(noise, secondRadius, weight), second + i);
            }

            for (; i < count; i++)
            {
                float weight = Widening.Read(type, source + ((long)i * TFormat.Size));
                first[i] = Scalar.FusedMultiplyAdd(z[i], s, weight);
                if (second != null)
                {
                    second[i] = Scalar.FusedMultiplyAdd(z[i], t, weight);
                }
            }
        }
    }
}
