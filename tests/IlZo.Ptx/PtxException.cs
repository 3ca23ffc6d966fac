namespace IlZo.Ptx;

/// <summary>A text is no PTX that the interpreter knows, or what it does is undefined on a GPU.</summary>
public sealed class PtxException(string message) : Exception(message);
