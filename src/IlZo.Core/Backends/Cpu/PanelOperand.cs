namespace IlZo.Backends.Cpu;

/// <summary>An activation as an engine multiplies it: packed panel by panel, or as it lies.</summary>
/// <param name="activation">The activation.</param>
/// <param name="packed">Its first panel, packed; null where it is multiplied as it lies.</param>
/// <param name="panelBytes">From one packed panel to the next.</param>
internal readonly unsafe struct PanelOperand(CpuActivation activation, byte* packed, long panelBytes)
{
    public int Features => activation.Features;

    /// <summary>Whether all probes have the same values.</summary>
    public bool IsShared => activation.IsShared;

    /// <summary>One of the activation's panels by its number.</summary>
    public byte* At(int panel) => packed == null ? (byte*)activation.At(panel) : packed + (panel * panelBytes);

    /// <summary>A panel as a probe sees it.</summary>
    public byte* At(int probe, int panel) => At(activation.NumberOf(probe, panel));
}
