using System.Runtime.CompilerServices;
using IlZo.Tensors;

namespace IlZo.Arithmetic.Vectors;

/// <summary>Something that is computed alike from weights of every stored type and for every width of vectors.</summary>
internal interface IStoredWork
{
    /// <summary>Does it.</summary>
    /// <typeparam name="TVector">A vector of fp32.</typeparam>
    /// <typeparam name="TSimd">Its operations.</typeparam>
    /// <typeparam name="TFormat">How weights become such vectors.</typeparam>
    void Do<TVector, TSimd, TFormat>()
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>;
}

/// <summary>The types that weights are stored in whose elements have an address each.</summary>
internal static class StoredWeights
{
    /// <summary>Does something with weights of a type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Use<TWork>(DType type, TWork work)
        where TWork : struct, IStoredWork =>
        VectorWidth.Use(new TypedWork<TWork>(type, work));

    private readonly struct TypedWork<TWork>(DType type, TWork work) : IVectorWork
        where TWork : struct, IStoredWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            switch (type)
            {
                case DType.F32:
                    work.Do<TVector, TSimd, F32Format<TVector, TSimd>>();
                    break;
                case DType.F16:
                    work.Do<TVector, TSimd, F16Format<TVector, TSimd>>();
                    break;
                case DType.BF16:
                    work.Do<TVector, TSimd, BF16Format<TVector, TSimd>>();
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(type), type, "Elements with an address each were expected.");
            }
        }
    }
}
