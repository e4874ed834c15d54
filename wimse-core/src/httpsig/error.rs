//! Why a signature cannot be made or is refused.

use std::fmt;

use http::HeaderName;

use super::component::Component;
use crate::jose::KeyError;

/// Why something is not a component identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentError {
    /// Not a structured item.
    Syntax,
    /// Not a string.
    NotString,
    /// Not a field name in lower case.
    Name,
    /// A name with `@` that RFC 9421 does not define.
    UnknownDerived,
    /// `@signature-params`, which is always covered and never listed.
    SignatureParams,
    /// A parameter that RFC 9421 does not define.
    UnknownParameter,
    /// A parameter with a value of the wrong type, such as `;req=?0`.
    ParameterType,
    /// A parameter that occurs twice.
    DuplicateParameter,
    /// Parameters that do not go together, or not with the name.
    Combination,
    /// `@query-param` without `name`.
    NameMissing,
}

impl ComponentError {
    /// A stable code for logs and tests.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Syntax => "component_syntax",
            Self::NotString => "component_not_string",
            Self::Name => "component_name",
            Self::UnknownDerived => "component_unknown",
            Self::SignatureParams => "component_signature_params",
            Self::UnknownParameter => "component_parameter_unknown",
            Self::ParameterType => "component_parameter_type",
            Self::DuplicateParameter => "component_parameter_duplicate",
            Self::Combination => "component_combination",
            Self::NameMissing => "component_name_missing",
        }
    }
}

impl fmt::Display for ComponentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a component identifier",
            Self::NotString => "a component name is a quoted string",
            Self::Name => "not a field name in lower case",
            Self::UnknownDerived => "unknown derived component",
            Self::SignatureParams => "`@signature-params` cannot be listed",
            Self::UnknownParameter => "unknown component parameter",
            Self::ParameterType => "component parameter of the wrong type",
            Self::DuplicateParameter => "component parameter occurs twice",
            Self::Combination => "component parameters that do not go together",
            Self::NameMissing => "`@query-param` without `name`",
        })
    }
}

impl std::error::Error for ComponentError {}

/// Why a component cannot be read from a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The message does not have it.
    Absent,
    /// The message has it more than once, or in a way that two readers may read differently.
    Ambiguous,
    /// Its value is not plain ASCII.
    Octets,
    /// It does not exist for a request of this kind, such as the path of `OPTIONS *`.
    NotApplicable,
    /// It depends on a scheme that neither the target nor the caller names.
    SchemeUnknown,
    /// The authority is not a host with an optional port.
    Authority,
    /// It depends on the request, which the caller did not provide.
    RequestUnknown,
    /// `;req` or a request's component where there is no request, or `@status` where there is no response.
    WrongMessage,
    /// `;sf` on a field whose structured type is not known, or `;key` on one that is no dictionary.
    TypeUnknown,
    /// The field is not the structured field that it should be.
    Structure,
}

impl Problem {
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Absent => ("covered_absent", "the message does not have it"),
            Self::Ambiguous => ("covered_ambiguous", "it has more than one reading"),
            Self::Octets => ("covered_octets", "its value is not plain ASCII"),
            Self::NotApplicable => ("covered_not_applicable", "a request of this kind does not have it"),
            Self::SchemeUnknown => ("covered_scheme_unknown", "it depends on a scheme that is not known"),
            Self::Authority => ("covered_authority", "the authority is not a host with an optional port"),
            Self::RequestUnknown => ("covered_request_unknown", "the request of the response is not known"),
            Self::WrongMessage => ("covered_wrong_message", "it does not go with this kind of message"),
            Self::TypeUnknown => ("covered_type_unknown", "the structured type of the field is not known"),
            Self::Structure => ("covered_structure", "the field does not have its structured type"),
        }
    }
}

/// Why a signature cannot be made, or is refused. Names components and parameters, never their content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpSigError {
    /// The signature fields are larger than [`Limits::octets`](super::Limits::octets).
    TooLarge,
    /// More labels than [`Limits::labels`](super::Limits::labels).
    TooManyLabels,
    /// More components than [`Limits::components`](super::Limits::components).
    TooManyComponents,
    /// More parameters than [`Limits::parameters`](super::Limits::parameters).
    TooManyParameters,
    /// The components read more than [`Limits::covered_octets`](super::Limits::covered_octets).
    TooMuchCovered,
    /// This field is not a dictionary.
    Syntax(HeaderName),
    /// A label occurs twice in this field.
    DuplicateLabel(HeaderName),
    /// A parameter of a signature occurs twice.
    DuplicateParameter,
    /// The member of `Signature-Input` or `Accept-Signature` is not an inner list.
    NotInnerList,
    /// The member of `Signature` is not a byte sequence.
    NotByteSequence,
    /// A label or parameter name that a dictionary cannot hold, or a value out of range, while signing or asking.
    NotEncodable,
    /// No signature, or no wish for one, has this label or tag.
    NotFound,
    /// More than one signature, or wish for one, has this tag.
    SeveralWithTag,
    /// The label is in `Signature` but not in `Signature-Input`.
    InputMissing,
    /// The label is in `Signature-Input` but not in `Signature`.
    SignatureMissing,
    /// A covered component identifier is wrong.
    Component(ComponentError),
    /// A component is listed twice.
    DuplicateComponent(Box<Component<'static>>),
    /// A component is not covered although it must be.
    NotCovered(Box<Component<'static>>),
    /// A covered component cannot be read from the message.
    Unresolved(Box<Component<'static>>, Problem),
    /// This signature parameter has the wrong type.
    ParameterType(&'static str),
    /// The `alg` parameter names another algorithm than the caller does.
    AlgorithmMismatch,
    /// The signature does not verify.
    Invalid,
    /// `created` is in the future.
    NotYetValid,
    /// `expires` is in the past.
    Expired,
    /// `expires` is not after `created`.
    Lifetime,
    /// The key cannot sign.
    Key(KeyError),
}

impl HttpSigError {
    /// A stable code for logs and tests.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "httpsig_too_large",
            Self::TooManyLabels => "httpsig_too_many_labels",
            Self::TooManyComponents => "httpsig_too_many_components",
            Self::TooManyParameters => "httpsig_too_many_parameters",
            Self::TooMuchCovered => "httpsig_too_much_covered",
            Self::Syntax(_) => "httpsig_syntax",
            Self::DuplicateLabel(_) => "httpsig_duplicate_label",
            Self::DuplicateParameter => "httpsig_duplicate_parameter",
            Self::NotInnerList => "httpsig_not_inner_list",
            Self::NotByteSequence => "httpsig_not_byte_sequence",
            Self::NotEncodable => "httpsig_not_encodable",
            Self::NotFound => "httpsig_not_found",
            Self::SeveralWithTag => "httpsig_several_with_tag",
            Self::InputMissing => "httpsig_input_missing",
            Self::SignatureMissing => "httpsig_signature_missing",
            Self::Component(error) => error.reason(),
            Self::DuplicateComponent(_) => "component_duplicate",
            Self::NotCovered(_) => "component_not_covered",
            Self::Unresolved(_, problem) => problem.parts().0,
            Self::ParameterType(_) => "httpsig_parameter_type",
            Self::AlgorithmMismatch => "httpsig_algorithm_mismatch",
            Self::Invalid => "httpsig_invalid",
            Self::NotYetValid => "httpsig_not_yet_valid",
            Self::Expired => "httpsig_expired",
            Self::Lifetime => "httpsig_lifetime",
            Self::Key(error) => error.reason(),
        }
    }

    /// The component that the error is about, if it is about one.
    pub fn component(&self) -> Option<&Component<'static>> {
        match self {
            Self::DuplicateComponent(component)
            | Self::NotCovered(component)
            | Self::Unresolved(component, _) => Some(component),
            _ => None,
        }
    }
}

impl fmt::Display for HttpSigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the signature fields are too large"),
            Self::TooManyLabels => f.write_str("too many signatures"),
            Self::TooManyComponents => f.write_str("too many covered components"),
            Self::TooManyParameters => f.write_str("too many parameters"),
            Self::TooMuchCovered => f.write_str("the covered components are too large together"),
            Self::Syntax(field) => write!(f, "`{field}` is not a structured dictionary"),
            Self::DuplicateLabel(field) => write!(f, "a label occurs twice in `{field}`"),
            Self::DuplicateParameter => f.write_str("a signature parameter occurs twice"),
            Self::NotInnerList => f.write_str("the member is not a list of components"),
            Self::NotByteSequence => f.write_str("the member of `signature` is not a byte sequence"),
            Self::NotEncodable => f.write_str("a label, parameter name or value cannot be encoded"),
            Self::NotFound => f.write_str("there is no such signature"),
            Self::SeveralWithTag => f.write_str("several signatures have the tag"),
            Self::InputMissing => f.write_str("the label is not in `signature-input`"),
            Self::SignatureMissing => f.write_str("the label is not in `signature`"),
            Self::Component(error) => error.fmt(f),
            Self::DuplicateComponent(component) => write!(f, "{component} is listed twice"),
            Self::NotCovered(component) => write!(f, "{component} is not covered"),
            Self::Unresolved(component, problem) => write!(f, "{component}: {}", problem.parts().1),
            Self::ParameterType(name) => write!(f, "signature parameter `{name}` has the wrong type"),
            Self::AlgorithmMismatch => f.write_str("`alg` names another algorithm"),
            Self::Invalid => f.write_str("the signature does not verify"),
            Self::NotYetValid => f.write_str("`created` is in the future"),
            Self::Expired => f.write_str("the signature has expired"),
            Self::Lifetime => f.write_str("`expires` is not after `created`"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HttpSigError {}

impl From<ComponentError> for HttpSigError {
    fn from(error: ComponentError) -> Self {
        Self::Component(error)
    }
}
