using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>
/// Keys and values of a layer that every token attends to before those of its text. They are weights: read at each probe of a pass,
/// perturbed on the way.
/// </summary>
/// <param name="Keys">[tokens, key/value heads × head size], as attention takes them: where keys are rotated, after that.</param>
/// <param name="Values">[tokens, key/value heads × head size].</param>
internal sealed record KeyValuePrefix(Parameter Keys, Parameter Values);
