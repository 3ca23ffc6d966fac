namespace IlZo.Kernels;

/// <summary>Four numbers: 16 bytes of memory, four sums, or what a thread holds of a 16 by 8 result of tensor cores.</summary>
public readonly struct Quad(float v0, float v1, float v2, float v3)
{
    public readonly float V0 = v0;
    public readonly float V1 = v1;
    public readonly float V2 = v2;
    public readonly float V3 = v3;

    /// <summary>Adds x times each of four numbers.</summary>
    public Quad Add(float x, float y0, float y1, float y2, float y3) => new(
        DeviceMath.FusedMultiplyAdd(x, y0, V0),
        DeviceMath.FusedMultiplyAdd(x, y1, V1),
        DeviceMath.FusedMultiplyAdd(x, y2, V2),
        DeviceMath.FusedMultiplyAdd(x, y3, V3));

    /// <summary>Adds x times each of four numbers.</summary>
    public Quad Add(float x, Quad y) => Add(x, y.V0, y.V1, y.V2, y.V3);
}
