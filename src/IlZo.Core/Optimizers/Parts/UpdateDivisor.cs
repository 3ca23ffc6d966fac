namespace IlZo.Optimizers;

/// <summary>What a method divides its update by, which the learning rate that suits it has to make up for.</summary>
public enum UpdateDivisor
{
    /// <summary>Nothing: the step is proportional to the gradient, as that of <c>mezo</c>.</summary>
    One,

    /// <summary>About the norm of the gradient.</summary>
    GradientNorm,

    /// <summary>The deviation of the losses of a step, which is about the norm of the gradient times the radius.</summary>
    LossDeviation,

    /// <summary>The singular values of its estimate in each matrix: the learning rate alone decides how far a step goes.</summary>
    SingularValues,
}
