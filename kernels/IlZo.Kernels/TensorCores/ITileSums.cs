using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>What a thread holds of the sums of <see cref="OperandProduct"/>'s tile, in two halves of the warp's.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
public interface ITileSums<TSelf>
    where TSelf : struct, ITileSums<TSelf>
{
    /// <summary>Whether the products are those of a warpgroup: tensor cores read shared memory by themselves.</summary>
    static abstract bool IsOfWarpgroup { get; }

    /// <summary>Tokens of a half.</summary>
    static abstract int Tokens { get; }

    /// <summary>Outputs of both halves.</summary>
    static abstract int Outputs { get; }

    /// <summary>Floats from one token to the next in shared memory: 8 tokens begin at banks 8 apart.</summary>
    static abstract int Pitch { get; }

    /// <summary>The first token of a half, counted from the tile's.</summary>
    static abstract int Token(int half);

    /// <summary>The first output of both halves, counted from the tile's.</summary>
    static abstract int Output { get; }

    /// <summary>Adds the products of a step.</summary>
    /// <param name="step">The address of its cells (<see cref="OperandTile"/>).</param>
    TSelf Add<TOperands>(uint step)
        where TOperands : struct, IOperandFormat;

    /// <summary>Writes the first half to the warp's [tokens][pitch].</summary>
    /// <param name="to">Shared memory.</param>
    /// <param name="warp">Where the warp's begin.</param>
    void Store(ArrayView<float> to, int warp);

    /// <summary>The halves exchanged.</summary>
    TSelf Exchanged();
}
